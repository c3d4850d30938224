/** A logged request and its answer as a conversation, whichever dialect they are in. */
import { answersOf } from './answers.js';
import { contentOf, contentParts, hasContent, messageOf, type Message } from './messages.js';
import { items, members, parsed, type Json } from './read.js';

export interface LoggedBodies {
  readonly path: string;
  readonly requestBody: string | null;
  readonly responseBody: string | null;
}

/** Empty when it was no chat, or nothing of it was kept. */
export function conversationOf({ path, requestBody, responseBody }: LoggedBodies): Message[] {
  const asked = requestBody === null ? [] : questionsOf(members(parsed(requestBody)), path).filter(hasContent);
  return [...asked, ...(responseBody === null ? [] : answersOf(responseBody))];
}

function questionsOf(request: Json, path: string): Message[] {
  const system = request['system'] ?? (isResponses(path) ? request['instructions'] : undefined);
  const systemContent = request['systemInstruction'] ?? request['system_instruction'];
  return [
    { role: 'system', parts: contentParts(system) },
    contentOf(systemContent, 'system'),
    ...items(request['messages']).map((each) => messageOf(each, 'user')),
    ...items(request['contents']).map((each) => contentOf(each, 'user')),
    ...(isResponses(path) ? inputOf(request['input']) : []),
    { role: 'user', parts: typeof request['prompt'] === 'string' ? contentParts(request['prompt']) : [] },
  ];
}

/** An `input` is a conversation for the Responses alone: embeddings and moderations have one too. */
const isResponses = (path: string): boolean => /\/?responses(?:[/?]|$)/.test(path);

const inputOf = (input: unknown): Message[] =>
  typeof input === 'string'
    ? [{ role: 'user', parts: contentParts(input) }]
    : items(input).map((each) => messageOf(each, 'user'));
