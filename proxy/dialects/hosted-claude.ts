/**
 * Anthropic's format as Bedrock and Vertex offer it. The model stands in the path there (on bedrock-mantle in the body), by
 * a name that the price depends on (`global.`, `us.`, …), while the answer has Anthropic's own: so the request's counts.
 */
import { anthropicMessages } from './anthropic-messages.js';
import type { AnswerReader, Dialect, RequestFacts, UsageReading } from './dialect.js';

/** Vertex: `…/publishers/anthropic/models/{model}:rawPredict`; Bedrock: `…/model/{model}/invoke`. */
const MODEL = /\/models?\/([^/:]+)(?::(?:stream)?[rR]awPredict|\/invoke)$/;

export const hostedClaude: Dialect = {
  name: anthropicMessages.name,
  takesStreamUsageOption: false,
  endsStream: anthropicMessages.endsStream,
  streamErrorEvent: anthropicMessages.streamErrorEvent,

  readRequest(body: unknown, path: string): RequestFacts {
    const facts = anthropicMessages.readRequest(body, path);
    const named = MODEL.exec(path)?.[1];
    return {
      model: named === undefined ? facts.model : decodeURIComponent(named), // the guard has decoded every segment
      isStreaming: facts.isStreaming,
      systemText: facts.systemText,
      serviceTier: facts.serviceTier,
      inputTextBytes: facts.inputTextBytes,
    };
  },
  newDocumentReader: (facts) => new NamedReader(anthropicMessages.newDocumentReader(facts), facts.model),
  newStreamReader: (facts) => new NamedReader(anthropicMessages.newStreamReader(facts), facts.model),
};

/** A reading under the name that the request gave the model. */
class NamedReader implements AnswerReader {
  constructor(
    private readonly reader: AnswerReader,
    private readonly model: string | null,
  ) {}

  push(chunk: Uint8Array): void {
    this.reader.push(chunk);
  }

  finish(complete: boolean): UsageReading {
    const { units, usageSource, usageNote, model, serviceTier } = this.reader.finish(complete);
    return { units, usageSource, usageNote, model: this.model ?? model, serviceTier };
  }
}
