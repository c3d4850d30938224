/** A request written as bytes on a connection of its own: for what no HTTP client would send. */
import { connect } from 'node:net';

export interface RawExchange {
  /** of the first answer; 0 when none came */
  readonly status: number;
  /** all that came, as latin1 */
  readonly text: string;
}

/** Sends latin1 text and reads until the proxy ends the connection; the request should ask for that. */
export function rawExchange(url: string, bytes: string): Promise<RawExchange> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined); // a reset behind the answer
    socket.on('close', () => resolve({ status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0), text }));
    socket.write(bytes, 'latin1');
  });
}
