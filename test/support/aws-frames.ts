/** Encodes AWS event stream frames, from the description of the encoding and not from the reader's code. */
import { crc32 } from 'node:zlib';

/** One header of type 7 (string). */
function header(name: string, value: string): Buffer {
  const bytes = Buffer.from(value);
  const head = Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name), Buffer.from([7, 0, 0])]);
  head.writeUInt16BE(bytes.length, head.length - 2);
  return Buffer.concat([head, bytes]);
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function encodeFrame(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const encoded = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const lengths = Buffer.concat([number32(16 + encoded.length + payload.length), number32(encoded.length)]);
  const body = Buffer.concat([lengths, number32(crc32(lengths)), encoded, payload]);
  return Buffer.concat([body, number32(crc32(body))]);
}

/** An event of Bedrock's, as JSON. */
export function eventFrame(type: string, payload: unknown): Buffer {
  const headers = { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' };
  return encodeFrame(headers, Buffer.from(JSON.stringify(payload)));
}

/** What a model's own event is wrapped in by InvokeModelWithResponseStream. */
export function chunkFrame(event: unknown): Buffer {
  return eventFrame('chunk', { bytes: Buffer.from(JSON.stringify(event)).toString('base64'), p: 'abcdefghijk' });
}

export function exceptionFrame(type: string, message: string): Buffer {
  const headers = { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' };
  return encodeFrame(headers, Buffer.from(JSON.stringify({ message })));
}
