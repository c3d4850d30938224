/** The end of an answer is heard once, however its client leaves. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { whenGone } from '../../../api/http/when-gone.js';
import { waitFor } from '../../support/wait-for.js';

let server: Server;
let client: Socket;
let responses: ServerResponse[];
let gone: string[];

beforeEach(async () => {
  responses = [];
  gone = [];
  server = createServer((request, response) => {
    responses.push(response);
    if (request.url !== '/late') whenGone(response, () => gone.push(request.url ?? ''));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1'); // what a listening server has
  client.on('error', () => undefined);
});
afterEach(async () => {
  client.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function sent(...paths: readonly string[]): Promise<void> {
  client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: here\r\n\r\n`).join(''));
  await waitFor(() => responses.length === paths.length, 'all requests have come');
}

test('an answer that is out has ended, and its connection goes on', async () => {
  await sent('/one');
  responses[0]?.end();
  await waitFor(() => gone.length > 0, 'its end is told');
  expect(gone).toEqual(['/one']);
  expect(client.destroyed).toBe(false);
});

test('requests that wait behind another hear of their client’s leaving too', async () => {
  await sent('/one', '/two', '/three');
  client.destroy();
  await waitFor(() => gone.length >= 3, 'all ends are told');
  expect(gone.toSorted()).toEqual(['/one', '/three', '/two']);
});

test('who listens when the client has left is told at once', async () => {
  await sent('/late');
  const [response] = responses;
  if (response === undefined) throw new Error('it has come');
  const closed = once(response, 'close');
  client.destroy();
  await closed;
  whenGone(response, () => gone.push('/late'));
  expect(gone).toEqual(['/late']);
});
