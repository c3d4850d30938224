/** What a model answered, as messages: out of one document, or assembled from the events of a stream. */
import { EventStream } from '../../../event-stream.js';
import { contentOf, contentParts, hasContent, messageOf, part, type Message, type Part } from './messages.js';
import { items, members, parsed, textOf, written, type Json } from './read.js';

export const isStream = (body: string): boolean => /^(?:event|data|id|retry|:)[^\n]*\n/.test(body.slice(0, 4_096));

/** What the events of a stream hold, in their order; what is no JSON is left out. */
export function streamDocuments(body: string): Json[] {
  const events = new EventStream().take(`${body.replaceAll('\r\n', '\n')}\n\n`);
  return events
    .map(({ data }) => parsed(data))
    .filter((event) => event !== undefined)
    .map(members);
}

/** Empty for what is no answer of a chat. */
export function answersOf(body: string): Message[] {
  const document = isStream(body) ? undefined : parsed(body);
  const found =
    document === undefined
      ? assembled(streamDocuments(body))
      : Array.isArray(document)
        ? assembled(document.map(members)) // Gemini's streams without `alt=sse` are one array
        : answersOfDocument(members(document));
  return found.filter(hasContent);
}

function answersOfDocument(answer: Json): Message[] {
  const failure = failureOf(answer);
  if (failure !== null) return [failure];
  if (answer['type'] === 'message') return [messageOf(answer)];
  return [
    ...items(answer['choices']).map(members).map(choiceOf),
    ...items(answer['output']).map((each) => messageOf(each)),
    ...items(answer['candidates']).map((each) => contentOf(members(each)['content'])),
  ];
}

const choiceOf = (choice: Json): Message =>
  choice['message'] === undefined
    ? { role: 'assistant', parts: contentParts(choice['text']) }
    : messageOf(choice['message']);

/** Every dialect's errors have a message in `error`. */
function failureOf(answer: Json): Message | null {
  const { error } = answer;
  if (error === undefined || error === null) return null;
  const text = typeof error === 'string' ? error : textOf(members(error)['message']) || written(error);
  return { role: 'error', parts: [part('text', text)] };
}

function assembled(events: readonly Json[]): Message[] {
  const complete = events.find(({ type }) => type === 'response.completed' || type === 'response.incomplete');
  if (complete !== undefined) return answersOfDocument(members(complete['response']));
  const growing = new Growing();
  const failures: Message[] = [];
  for (const event of events) {
    const failure = failureOf(event);
    if (failure !== null) failures.push(failure);
    else takeEvent(growing, event);
  }
  return [...growing.messages(), ...failures];
}

function takeEvent(growing: Growing, event: Json): void {
  for (const choice of items(event['choices']).map(members)) takeChoice(growing, choice);
  for (const [index, candidate] of items(event['candidates']).entries()) {
    for (const each of contentOf(members(candidate)['content']).parts) growing.add(`${index}`, each.kind, each);
  }
  takeBlock(growing, event);
}

/** OpenAI's chunks. */
function takeChoice(growing: Growing, choice: Json): void {
  const message = written(choice['index']);
  const delta = members(choice['delta']);
  const thought = textOf(delta['reasoning_content']) || textOf(delta['reasoning']);
  growing.add(message, 'thought', part('thought', thought));
  growing.add(message, 'text', part('text', textOf(delta['content']) || textOf(choice['text'])));
  for (const call of items(delta['tool_calls']).map(members)) {
    const called = members(call['function']);
    const grown = part('call', textOf(called['arguments']), textOf(called['name']));
    growing.add(message, `call-${written(call['index'])}`, grown);
  }
}

/** Anthropic's content blocks, and the deltas of OpenAI's Responses. */
function takeBlock(growing: Growing, event: Json): void {
  const type = textOf(event['type']);
  const key = `${written(event['output_index'] ?? 0)}/${written(event['index'] ?? event['content_index'])}`;
  if (type === 'content_block_start') {
    const block = members(event['content_block']);
    // the input of a call follows in deltas
    const [first] = contentParts([block['type'] === 'tool_use' ? { ...block, input: '' } : block]);
    if (first !== undefined) growing.add('0', key, first);
  } else if (type === 'content_block_delta') {
    const delta = members(event['delta']);
    if (delta['thinking'] !== undefined) growing.add('0', key, part('thought', textOf(delta['thinking'])));
    else if (delta['partial_json'] === undefined) growing.add('0', key, part('text', textOf(delta['text'])));
    else growing.add('0', key, part('call', textOf(delta['partial_json'])));
  } else if (type === 'response.output_text.delta') {
    growing.add('0', key, part('text', textOf(event['delta'])));
  } else if (type === 'response.function_call_arguments.delta') {
    growing.add('0', key, part('call', textOf(event['delta'])));
  }
}

/** Parts that grow piece by piece, in the order in which they began. */
class Growing {
  private readonly pieces = new Map<string, Map<string, { kind: Part['kind']; name: string; texts: string[] }>>();

  add(message: string, key: string, { kind, name, text }: Part): void {
    if (text === '' && name === '') return;
    const parts = this.pieces.get(message) ?? new Map<string, { kind: Part['kind']; name: string; texts: string[] }>();
    const grown = parts.get(key) ?? { kind, name: '', texts: [] };
    this.pieces.set(message, parts.set(key, grown));
    grown.name += name;
    grown.texts.push(text);
  }

  messages(): Message[] {
    return [...this.pieces.values()].map((parts) => ({
      role: 'assistant',
      parts: [...parts.values()].map(({ kind, name, texts }) => part(kind, texts.join(''), name)),
    }));
  }
}
