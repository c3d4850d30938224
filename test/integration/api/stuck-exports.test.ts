/** Exports whose clients do not take them: they lose their room, and those that only are slow do not. */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import express from 'express';
import { ExportRoom, rowExport } from '../../../api/http/row-export.js';
import { listen } from '../../../platform/listen.js';
import { createLogger } from '../../../platform/logger.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { waitFor } from '../../support/wait-for.js';

const MEBIBYTE = 1024 * 1024;
const BATCH = 'é'.repeat(MEBIBYTE / 2);
/** Far more than lies between two calls on a busy machine. */
const STUCK_MS = 2_000;

let room: ExportRoom;
let server: Server;
let url: string;
/** batches that exports have read, and exports that have let go of what they read */
let read: number;
let letGo: number;

/** So many mebibytes, as many batches. */
async function* rows(batches: number): AsyncGenerator<string> {
  try {
    for (let at = 0; at < batches; at++) {
      read++;
      yield BATCH;
    }
  } finally {
    letGo++;
  }
}

beforeEach(async () => {
  room = new ExportRoom(STUCK_MS);
  [read, letGo] = [0, 0];
  const wanted = (batches: number) => ({
    accountId: 'an account' as AccountId, // it is looked up nowhere
    name: 'rows',
    format: 'NDJSON' as const,
    start: () => Promise.resolve(rows(batches)),
  });
  const app = express();
  const logger = createLogger('stuck-exports', 'fatal');
  app.get(
    '/:batches',
    rowExport({ room, logger, charge: () => Promise.resolve() }, (request) =>
      Promise.resolve(wanted(Number(request.params['batches']))),
    ),
  );
  server = createServer(app);
  url = `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0, name: 'api', variable: 'API_PORT' })}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** An answer that nobody reads yet. */
async function unread(batches: number): Promise<IncomingMessage> {
  const [answer] = (await once(get(`${url}/${batches}`), 'response')) as [IncomingMessage]; // what node gives
  return answer;
}

async function bytesOf(answer: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}

test('a client that takes nothing is cut, and its room is free', async () => {
  const stuck = [await unread(100), await unread(100)];
  expect((await fetch(`${url}/1`)).status).toBe(429);
  await waitFor(() => room.counts.stuck === 2, 'both have been cut');
  expect(letGo).toBe(2);
  expect(read).toBeLessThan(100);
  for (const answer of stuck) await expect(bytesOf(answer)).rejects.toThrow('aborted');
  expect(await bytesOf(await unread(1))).toBe(MEBIBYTE);
  expect(room.counts).toEqual({ refused: 1, stuck: 2 });
});

test('a client that goes on taking is not cut, however long it takes', async () => {
  const slow = await unread(100_000);
  let bytes = 0;
  slow.once('data', () => void unread(100)); // from now on the bound counts for one who takes nothing
  for await (const chunk of slow as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (room.counts.stuck === 1 && bytes > 2 * MEBIBYTE) break;
  }
  expect([room.counts.stuck, letGo]).toEqual([1, 1]);
  await waitFor(() => letGo === 2, 'it has left, and what it had is let go');
  expect(room.counts.stuck).toBe(1);
});
