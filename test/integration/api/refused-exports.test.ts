/** Exports that are refused before their first row: in the words of GraphQL, under the status of the code. */
import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import express from 'express';
import { badInput, conflict, rateLimited } from '../../../api/errors.js';
import { ExportRoom, rowExport } from '../../../api/http/row-export.js';
import { Database } from '../../../api/tenancy/database.js';
import { listen } from '../../../platform/listen.js';
import { createLogger } from '../../../platform/logger.js';
import type { AccountId } from '../../../schema/contracts/ids.js';
import { startTestApi, type TestApi } from '../../support/api.js';

let api: TestApi;
let server: Server;
let url: string;
/** how the export begins */
let start: () => Promise<AsyncIterable<string>>;
let lines: string[];

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());
beforeEach(async () => {
  lines = [];
  const logger = createLogger('refused-exports', 'info', { write: (line) => void lines.push(line) });
  const wanted = {
    accountId: 'an account' as AccountId, // it is looked up nowhere
    name: 'rows',
    format: 'NDJSON' as const,
    start: () => start(),
  };
  const deps = { room: new ExportRoom(), logger, charge: () => Promise.resolve() };
  server = createServer(
    express().get(
      '/',
      rowExport(deps, () => Promise.resolve(wanted)),
    ),
  );
  url = `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0, name: 'api', variable: 'API_PORT' })}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test('one whose statement takes too long is too complex, and no error of ours', async () => {
  const database = new Database(api.api.services.database.dataSource, { statementTimeoutMs: 50 });
  async function* slow(): AsyncGenerator<string> {
    await database.inLookup({}, (tx) => tx.query('SELECT pg_sleep(60)', []));
    yield 'a row\n';
  }
  start = () => Promise.resolve(slow());
  const refused = await fetch(url);
  expect([refused.status, await refused.json()]).toEqual([
    400,
    { errors: [{ message: 'This takes too long: narrow it down.', extensions: { code: 'QUERY_TOO_COMPLEX' } }] },
  ]);
  expect(refused.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(refused.headers.get('content-disposition')).toBeNull();
  expect(lines).toEqual([]);
});

test.each([
  [badInput('filter', 'is odd'), 400, { code: 'BAD_USER_INPUT', field: 'filter' }, null],
  [conflict('It is taken.'), 409, { code: 'CONFLICT' }, null],
  [rateLimited('Try later.', 7), 429, { code: 'RATE_LIMITED', retryAfterSeconds: 7 }, '7'],
])('%s has its own status', async (error, status, extensions, retryAfter) => {
  start = () => Promise.reject(error);
  const refused = await fetch(url);
  expect([refused.status, await refused.json()]).toEqual([
    status,
    { errors: [{ message: error.message, extensions }] },
  ]);
  expect(refused.headers.get('retry-after')).toBe(retryAfter);
});
