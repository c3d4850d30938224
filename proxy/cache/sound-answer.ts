/**
 * Whether an answer that was relayed is one that others may get: 200, whole, and an answer in its own format too. A
 * provider may send an error, or half a stream, within a well-formed 200.
 */
import { isLineEnd, NO_END_MARK } from '../dialects/stream-end.js';
import type { Relayed, UpstreamCall } from '../exchange.js';

/** What is looked at of the end of a stream: more than its last event ever has. */
const TAIL_BYTES = 64 * 1024;
/**
 * The end of `"error"`, as it stands in JSON of an answer's own; what a model writes is escaped. The search stops at
 * each of its first letters: there are far fewer of these than of quotes.
 */
const ERROR_NAME_END = Buffer.from('rror"');
const ERROR_MEMBER = /"error"\s*:\s*\{/;
const ERROR_EVENT = /"type"\s*:\s*"error"/;

export function isSound(call: UpstreamCall, relayed: Relayed, body: Buffer): boolean {
  const { forwarded, statusCode, interrupted, responseEncoding, reading } = relayed;
  if (forwarded.kind !== 'answered' || forwarded.answer.statusCode !== 200 || statusCode !== 200) return false;
  if (interrupted || body.length === 0) return false; // of what was cut by its client there is no copy
  if (call.dialect === null) return true; // of an unknown format nothing more can be told
  // What was decoded to be metered was read to its usage, which comes at the end.
  if (responseEncoding !== null) return reading.usageSource === 'PROVIDER';
  const isText = relayed.responseContentType?.startsWith('text/') === true;
  const isJson = relayed.responseContentType?.includes('json') === true;
  if ((isText || isJson) && holdsError(body)) return false;
  if (relayed.streamed) return hasEnded(call, reading.usageSource, body);
  return reading.usageSource === 'PROVIDER' || !isJson || isDone(call, body);
}

function holdsError(body: Buffer): boolean {
  // A plain search spares nearly every answer its text.
  if (!body.includes(ERROR_NAME_END)) return false;
  const text = body.toString('latin1');
  return ERROR_MEMBER.test(text) || ERROR_EVENT.test(text);
}

function hasEnded({ dialect }: UpstreamCall, usageSource: string, body: Buffer): boolean {
  const event = lastEvent(body);
  if (dialect?.isLastEvent !== undefined) return dialect.isLastEvent(event);
  if (dialect?.endsStream === NO_END_MARK) return usageSource === 'PROVIDER';
  return dialect?.endsStream(event) === true;
}

/** From behind the blank line before it, with the lines that end it. */
function lastEvent(body: Buffer): Buffer {
  const tail = body.subarray(Math.max(0, body.length - TAIL_BYTES));
  let end = tail.length;
  while (end > 0 && isLineEnd(tail[end - 1])) end -= 1;
  const text = tail.toString('latin1', 0, end);
  return tail.subarray(Math.max(...BLANK_LINES.map((blank) => behind(text, blank))));
}

const BLANK_LINES = ['\n\n', '\r\n\r\n', '\r\r'];
const behind = (text: string, blank: string): number => {
  const at = text.lastIndexOf(blank);
  return at === -1 ? 0 : at + blank.length;
};

/** It is whole JSON, and of nothing that is still being made. */
function isDone({ dialect }: UpstreamCall, body: Buffer): boolean {
  try {
    const document: unknown = JSON.parse(body.toString());
    return dialect?.isPending?.(document) !== true;
  } catch {
    return false;
  }
}
