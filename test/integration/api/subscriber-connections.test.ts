/** Connections of subscribers that do not behave: none of them ends the api, and none is held for nothing. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestApi, type TestApi } from '../../support/api.js';
import { waitFor } from '../../support/wait-for.js';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

/** An upgrade that was answered, on a connection that the client does not end. */
async function upgraded(path: string): Promise<{ readonly socket: Socket; readonly answer: string }> {
  const { hostname, port } = new URL(api.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on('error', () => socket.destroy());
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
      'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [answer] = (await once(socket, 'data')) as [Buffer]; // what node gives
  return { socket, answer: answer.toString() };
}

const health = async (): Promise<number> => (await fetch(`${api.url}/healthz`)).status;

test('a client that resets a refused upgrade does not end the api', async () => {
  const { socket, answer } = await upgraded('/nowhere');
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  socket.resetAndDestroy();
  expect(await health()).toBe(200);
});

test('a refused upgrade is closed, whatever its client keeps open', async () => {
  const { socket } = await upgraded('/nowhere');
  await waitFor(() => {
    if (!socket.destroyed) socket.write('more');
    return socket.destroyed;
  }, 'the api has closed its side too');
  expect(await health()).toBe(200);
});
