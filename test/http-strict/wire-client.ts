/** Sends a case's bytes over a socket of its own and says what came back, byte for byte and no further. */
import { connect } from 'node:net';
import { waitFor } from '../support/wait-for.js';
import type { WireCase } from './wire-case.js';

export interface WireOutcome {
  readonly statuses: readonly number[];
  readonly isClosed: boolean;
}

/**
 * Where the connection is expected to go on, a witness is sent behind the case: a GET to `{path}/witness`, whose answer
 * proves that both sides agree where the case ended. Its status is taken off again.
 */
export async function playCase(proxyUrl: string, path: string, wire: WireCase): Promise<WireOutcome> {
  const { hostname, host, port } = new URL(proxyUrl);
  const bytes = wire.bytes.replaceAll('{path}', path).replaceAll('{host}', host);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let text = '';
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('end', () => (isClosed = true)).on('close', () => (isClosed = true));
  socket.on('error', () => (isClosed = true)); // a reset ends it too
  const isHead = bytes.startsWith('HEAD');
  const statuses = (): number[] => statusesOf(text, isHead);
  try {
    socket.write(bytes, 'latin1');
    if (wire.endsEarly) socket.end();
    await waitFor(() => isClosed || statuses().length >= wire.statuses.length, `answers to: ${wire.name}`);
    if (!wire.closes && !isClosed) {
      socket.write(`GET ${path}/witness HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    }
    await waitFor(() => isClosed, `the end of the connection of: ${wire.name}`);
    const all = statuses();
    const isWitnessed = !wire.closes && all.length === wire.statuses.length + 1 && all.at(-1) === 200;
    return isWitnessed ? { statuses: all.slice(0, -1), isClosed: false } : { statuses: all, isClosed: true };
  } finally {
    socket.destroy();
  }
}

/** The statuses of the answers in a connection's bytes; throws when the bytes are no sequence of whole answers. */
function statusesOf(text: string, isFirstHead: boolean): number[] {
  const statuses: number[] = [];
  let at = 0;
  while (at < text.length) {
    const headEnd = text.indexOf('\r\n\r\n', at);
    if (headEnd === -1) break;
    const head = text.slice(at, headEnd);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    if (Number.isNaN(status)) throw new Error(`no answer: ${head.slice(0, 80)}`);
    const hasBody = !(isFirstHead && statuses.length === 0) && status >= 200 && status !== 204;
    const length = hasBody ? Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN) : 0;
    if (Number.isNaN(length)) throw new Error(`an answer without a length: ${head}`);
    at = headEnd + 4 + length;
    if (at > text.length) break;
    if (status >= 200) statuses.push(status);
  }
  return statuses;
}
