/** Messages of a chat in one form, out of the forms that providers have for them. */
import { items, members, textOf, written, type Json } from './read.js';

/** `thought`: reasoning; `call`: of a tool; `attachment`: what it is, in words: nothing of it is loaded */
export interface Part {
  readonly kind: 'text' | 'thought' | 'call' | 'result' | 'attachment';
  /** of the tool that is called */
  readonly name: string;
  readonly text: string;
}

export interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
}

export const part = (kind: Part['kind'], text: string, name = ''): Part => ({ kind, text, name });
export const hasContent = ({ parts }: Message): boolean => parts.some(({ text, name }) => text !== '' || name !== '');

/** OpenAI's and Anthropic's messages, and the items of OpenAI's Responses. */
export function messageOf(value: unknown, role = 'assistant'): Message {
  const message = members(value);
  return { role: textOf(message['role']) || roleOfItem(textOf(message['type']), role), parts: partsOfMessage(message) };
}

const roleOfItem = (type: string, role: string): string => (type.endsWith('_call_output') ? 'tool' : role);

function partsOfMessage(message: Json): Part[] {
  const isTool = message['role'] === 'tool' || message['role'] === 'function';
  return [
    ...thoughtsOf(message),
    ...contentParts(message['content']).map((each) =>
      isTool && each.kind === 'text' ? part('result', each.text) : each,
    ),
    ...(textOf(message['refusal']) === '' ? [] : [part('text', textOf(message['refusal']))]),
    ...items(message['tool_calls']).map(toolCall),
    ...(message['function_call'] === undefined ? [] : [toolCall({ function: message['function_call'] })]),
    ...blockParts(message),
  ];
}

function thoughtsOf(message: Json): Part[] {
  const said = textOf(message['reasoning_content']) || textOf(message['reasoning']);
  return said === '' ? [] : [part('thought', said)];
}

function toolCall(value: unknown): Part {
  const called = members(members(value)['function']);
  return part('call', written(called['arguments']), textOf(called['name']));
}

/** A text, or blocks of several kinds. */
export function contentParts(content: unknown): Part[] {
  if (typeof content === 'string') return [part('text', content)];
  return items(content).flatMap((block) =>
    typeof block === 'string' ? [part('text', block)] : blockParts(members(block)),
  );
}

const TEXT_BLOCKS: ReadonlySet<string> = new Set(['text', 'input_text', 'output_text', 'summary_text', 'refusal']);

function blockParts(block: Json): Part[] {
  const type = textOf(block['type']);
  if (TEXT_BLOCKS.has(type)) return [part('text', textOf(block['text']) || textOf(block['refusal']))];
  switch (type) {
    case 'thinking':
    case 'redacted_thinking':
      return [part('thought', textOf(block['thinking']))];
    case 'reasoning':
      return contentParts(block['summary']).map(({ text }) => part('thought', text));
    case 'tool_use':
    case 'server_tool_use':
      return [part('call', written(block['input']), textOf(block['name']))];
    case 'function_call':
    case 'custom_tool_call':
      return [part('call', written(block['arguments'] ?? block['input']), textOf(block['name']))];
    case 'tool_result':
      return contentParts(block['content']).map(({ text }) => part('result', text));
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [part('result', written(block['output']))];
    case '':
    case 'message': // its content is told by `content`
      return [];
    default:
      return [part('attachment', attachmentOf(type, block))];
  }
}

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)[;,]/;

/** `image_url: https://…`, `image: image/png, 12345 characters`. */
function attachmentOf(type: string, block: Json): string {
  const held = members(block[type] ?? block['source']);
  const url = textOf(block['image_url']) || textOf(held['url']);
  const mediaType = DATA_URL.exec(url)?.[1] ?? textOf(held['media_type']);
  if (url !== '' && !url.startsWith('data:')) return `${type}: ${url}`;
  const content = url || textOf(held['data']) || textOf(block['file_data']);
  return content === '' ? type : `${type}: ${mediaType || 'data'}, ${content.length} characters`;
}

/** Gemini's. */
export function contentOf(value: unknown, role = 'model'): Message {
  const content = members(value);
  return { role: textOf(content['role']) || role, parts: items(content['parts']).map(geminiPart) };
}

function geminiPart(value: unknown): Part {
  const each = members(value);
  const call = members(each['functionCall'] ?? each['function_call']);
  const result = each['functionResponse'] ?? each['function_response'];
  const held = members(each['inlineData'] ?? each['inline_data'] ?? each['fileData'] ?? each['file_data']);
  if (typeof each['text'] === 'string') return part(each['thought'] === true ? 'thought' : 'text', each['text']);
  if (call['name'] !== undefined) return part('call', written(call['args']), textOf(call['name']));
  if (result !== undefined) return part('result', written(members(result)['response']));
  const mediaType = textOf(held['mimeType']) || textOf(held['mime_type']);
  const uri = textOf(held['fileUri']) || textOf(held['file_uri']);
  return part('attachment', [mediaType || 'attachment', uri].filter((text) => text !== '').join(': '));
}
