/** What the demo provider reads of a chat request, and its refusals. */
import { z } from 'zod';

/** A refusal in the OpenAI dialect; `message` is for the caller. */
export class DemoError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'DemoError';
  }
}

const partSchema = z.object({ type: z.string(), text: z.string().optional() });
const chatRequestSchema = z.object({
  model: z.string(),
  messages: z
    .array(z.object({ role: z.string(), content: z.union([z.string(), z.array(partSchema), z.null()]) }))
    .min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
});

export interface ChatRequest {
  /** the text of the last message */
  readonly prompt: string;
  /** of all messages */
  readonly inputTokens: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** Throws DemoError: 400 for a body that is no chat request, 404 for a model other than `demo-small`. */
export function parseChatRequest(body: string): ChatRequest {
  const result = chatRequestSchema.safeParse(jsonOf(body));
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new DemoError(400, `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not a chat request'}`);
  }
  const chat = result.data;
  if (chat.model !== 'demo-small') {
    throw new DemoError(404, `The model '${chat.model}' does not exist; the demo provider has demo-small.`);
  }
  const texts = chat.messages.map(({ content }) =>
    typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join(' '),
  );
  return {
    prompt: texts.at(-1) ?? '',
    inputTokens: texts.reduce((sum, text) => sum + tokensIn(text) + 4, 3),
    stream: chat.stream === true,
    includeUsage: chat.stream_options?.include_usage === true,
  };
}

/** About four bytes a token, at least one. */
export const tokensIn = (text: string): number => Math.max(1, Math.ceil(Buffer.byteLength(text) / 4));

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new DemoError(400, 'The body is not valid JSON.');
  }
}
