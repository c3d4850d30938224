/**
 * Others' models as Bedrock and Vertex offer them. The model goes by another name there than the format tells: it stands
 * in the path, or bears the publisher's name, and prices go by it (`global.`, `us.`, …), while the answer has the maker's
 * own. So the request's name counts, where it has one.
 */
import { anthropicMessages } from './anthropic-messages.js';
import type { AnswerReader, Dialect, RequestFacts, UsageReading } from './dialect.js';
import { openAiChat } from './openai-chat.js';
import { openAiEmbeddings } from './openai-embeddings.js';

/** Vertex: `…/publishers/anthropic/models/{model}:rawPredict`; Bedrock: `…/model/{model}/invoke`. */
const MODEL_IN_PATH = /\/models?\/([^/]+?)(?::(?:raw|streamRaw)Predict|\/invoke)$/;
/** What an ARN calls a model; ARNs of an account's own profiles and prompts name none. */
const MODEL_IN_ARN = /^arn:.*[:/](?:inference-profile|foundation-model)\/(.+)$/;
const VERTEX_PUBLISHER = 'google/';

/** Claude in Anthropic's format, the model in the path (on bedrock-mantle in the body). */
export const hostedClaude = hosted(anthropicMessages, (path, inBody) => {
  const named = MODEL_IN_PATH.exec(path)?.[1];
  if (named === undefined) return inBody;
  const model = decodeURIComponent(named); // the guard has decoded every segment
  return model.startsWith('arn:') ? (MODEL_IN_ARN.exec(model)?.[1] ?? null) : model;
});

/** Vertex's copy of OpenAI's API: Google's own models are called `google/…` there. */
export const vertexChat = hosted(openAiChat, (_path, inBody) => withoutPublisher(inBody));
export const vertexEmbeddings = hosted(openAiEmbeddings, (_path, inBody) => withoutPublisher(inBody));

function withoutPublisher(model: string | null): string | null {
  return model?.startsWith(VERTEX_PUBLISHER) === true ? model.slice(VERTEX_PUBLISHER.length) : model;
}

/** `dialect` under the name that `modelOf` finds in the path and in what the body says. Nothing is spliced into bodies there. */
function hosted(dialect: Dialect, modelOf: (path: string, inBody: string | null) => string | null): Dialect {
  return {
    name: dialect.name,
    takesStreamUsageOption: false,
    endsStream: dialect.endsStream,
    streamErrorEvent: dialect.streamErrorEvent,
    readRequest(body: unknown, path: string): RequestFacts {
      const facts = dialect.readRequest(body, path);
      return {
        model: modelOf(path, facts.model),
        isStreaming: facts.isStreaming,
        systemText: facts.systemText,
        serviceTier: facts.serviceTier,
        inputTextBytes: facts.inputTextBytes,
      };
    },
    newDocumentReader: (facts) => new NamedReader(dialect.newDocumentReader(facts), facts.model),
    newStreamReader: (facts) => new NamedReader(dialect.newStreamReader(facts), facts.model),
  };
}

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
