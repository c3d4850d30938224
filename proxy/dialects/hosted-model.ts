/**
 * Others' models as Bedrock and Vertex offer them. The model goes by another name there than the format tells: it
 * stands in the path, or bears the publisher's name, and prices go by it (`global.`, `us.`, …), while the answer has
 * the maker's own. So the request's name counts, where it has one.
 */
import { headerOf } from '../header-list.js';
import { anthropicMessages, MessagesTally } from './anthropic-messages.js';
import { AwsFrameReader } from './aws-frame-reader.js';
import { bedrockModel } from './bedrock-model.js';
import type { AnswerHeaders, AnswerReader, Dialect, RequestFacts, UsageReading } from './dialect.js';
import { openAiChat } from './openai-chat.js';
import { openAiEmbeddings } from './openai-embeddings.js';

const CLAUDE_ON_VERTEX = /\/models\/([^/]+?):(?:raw|streamRaw)Predict$/;
const VERTEX_PUBLISHER = 'google/';

/** Claude in Anthropic's format on Vertex: `…/publishers/anthropic/models/{model}:rawPredict`. */
export const vertexClaude = hosted(anthropicMessages, (path, inBody) => CLAUDE_ON_VERTEX.exec(path)?.[1] ?? inBody);

const onBedrock = hosted(anthropicMessages, (path, inBody) =>
  BEDROCK_RUNTIME.test(path) ? bedrockModel(path) : inBody,
);
const BEDROCK_RUNTIME = /(?:^|\/)model\/[^/]+\/invoke(?:-with-response-stream)?$/;

/**
 * Claude on Bedrock: by `…/model/{model}/invoke`, whose streams are frames, or on bedrock-mantle, as Anthropic has it.
 */
export const bedrockClaude: Dialect = {
  ...onBedrock,
  newStreamReader: (facts, headers) =>
    isFramed(headers ?? [])
      ? new NamedReader(new AwsFrameReader(new MessagesTally(facts)), facts.model)
      : onBedrock.newStreamReader(facts, headers),
};

const isFramed = (headers: AnswerHeaders): boolean =>
  headerOf(headers, 'content-type')?.startsWith('application/vnd.amazon.eventstream') === true;

/** Vertex's copy of OpenAI's API: Google's own models are called `google/…` there. */
export const vertexChat = hosted(openAiChat, (_path, inBody) => withoutPublisher(inBody));
export const vertexEmbeddings = hosted(openAiEmbeddings, (_path, inBody) => withoutPublisher(inBody));

function withoutPublisher(model: string | null): string | null {
  return model?.startsWith(VERTEX_PUBLISHER) === true ? model.slice(VERTEX_PUBLISHER.length) : model;
}

const STREAMS = /(?::streamRawPredict|\/invoke-with-response-stream)$/;

/**
 * `dialect` under the name that `modelOf` finds in the path and in what the body says. Nothing is spliced into bodies
 * there.
 */
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
        isStreaming: facts.isStreaming || STREAMS.test(path),
        systemText: facts.systemText,
        serviceTier: facts.serviceTier,
        inputTextBytes: facts.inputTextBytes,
        otherUnits: null,
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
    return this.named(this.reader.finish(complete));
  }

  soFar(): UsageReading | null {
    const reading = this.reader.soFar();
    return reading === null ? null : this.named(reading);
  }

  private named({ units, usageSource, usageNote, model, serviceTier }: UsageReading): UsageReading {
    return { units, usageSource, usageNote, model: this.model ?? model, serviceTier };
  }
}
