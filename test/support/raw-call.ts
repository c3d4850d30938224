/** A call as it stands on the wire: nothing decoded, nothing followed, nothing added but what HTTP needs. */
import { once } from 'node:events';
import { request, type Agent, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface RawCall {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  /** whose connections are used; without it, the call has one of its own */
  readonly agent?: Agent;
}

export async function rawCall(url: string, call: RawCall = {}): Promise<RawAnswer> {
  const { method = 'POST', headers = {}, body, agent = false } = call;
  const sent = request(url, { method, headers, agent });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}
