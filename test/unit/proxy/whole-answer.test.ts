/** An answer in one write is, to the client and to Node's server, what Node's own `writeHead` and `end` would have made. */
import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createExpressApp, createShapedServer } from '../../../proxy/server.js';
import { sendWhole } from '../../../proxy/whole-answer.js';

const BODY = '{"text":"caf\u00e9"}';
const HEADERS = ['Content-Type', 'application/json', 'X-Two', 'a', 'x-two', 'b', 'content-length', String(BODY.length)];
const DATED = [...HEADERS, 'date', 'Thu, 01 Jan 1970 00:00:00 GMT'];

const servers: Server[] = [];
describe('a whole answer', () => {
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.close().closeAllConnections();
      await once(server, 'close');
    }
  });

  interface Seen {
    readonly text: string;
    /** how each answer ended, in order */
    readonly events: readonly string[];
  }

  /** What a client that writes `requests` at once reads until the server closes, or `answers` answers have come. */
  async function exchange(send: (response: ServerResponse) => void, requests: string, answers: number): Promise<Seen> {
    const app = createExpressApp();
    const events: string[] = [];
    app.use((request, response) => {
      for (const event of ['finish', 'close'])
        response.on(event, () => events.push(`${request.url} ${event} ${response.writableEnded}`));
      send(response);
    });
    const server = createShapedServer(app);
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1'); // a TCP server that listens has one
    client.write(requests);
    let text = '';
    for await (const chunk of client) {
      text += (chunk as Buffer).toString('latin1');
      if (text.split(BODY).length > answers) break;
    }
    client.destroy();
    return { text: text.replace(/Date: [^\r]+/g, 'Date: now'), events };
  }

  const byNode =
    (headers: string[]) =>
    (response: ServerResponse): void =>
      void response.writeHead(200, headers).end(BODY, 'latin1');
  const inOneWrite =
    (headers: string[], taken: boolean[] = []) =>
    (response: ServerResponse): void => {
      const isSent = sendWhole(response, 200, headers, BODY);
      taken.push(isSent);
      if (!isSent) byNode(headers)(response);
    };

  const get = (path: string, version = '1.1', ...lines: string[]): string =>
    [`GET ${path} HTTP/${version}`, 'host: here', ...lines, '', ''].join('\r\n');

  test.each([
    ['with the date of today', HEADERS],
    ['with a date of its own', DATED],
  ])('an answer %s has the bytes of Node’s own, and ends as they do', async (_date, headers) => {
    const expected = await exchange(byNode(headers), get('/1'), 1);
    expect(await exchange(inOneWrite(headers), get('/1'), 1)).toEqual(expected);
    expect(expected.text).toContain(BODY);
  });

  test('the connection takes the next request, also when it was sent at once', async () => {
    const requests = get('/1') + get('/2') + get('/3');
    const expected = await exchange(byNode(HEADERS), requests, 3);
    const taken: boolean[] = [];
    expect(await exchange(inOneWrite(HEADERS, taken), requests, 3)).toEqual(expected);
    expect(taken).toContain(true);
    expect(expected.text.split(BODY)).toHaveLength(4);
  });

  test.each([
    ['to HTTP/1.0', get('/1', '1.0')],
    ['that ends its connection', get('/1', '1.1', 'connection: close')],
  ])('an answer %s is left to Node', async (_what, request) => {
    const taken: boolean[] = [];
    const seen = await exchange(inOneWrite(HEADERS, taken), request, 1);
    expect(taken).toEqual([false]);
    expect(seen).toEqual(await exchange(byNode(HEADERS), request, 1));
  });

  test('an answer to HEAD is left to Node, which sends no body', async () => {
    const taken: boolean[] = [];
    const { text } = await exchange(
      inOneWrite(HEADERS, taken),
      get('/1').replace('GET', 'HEAD') + get('/2', '1.1', 'connection: close'),
      1,
    );
    expect(taken[0]).toBe(false);
    expect(text.split(BODY)).toHaveLength(2);
  });
});
