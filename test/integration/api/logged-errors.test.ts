import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLogger } from '../../../platform/logger.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { createTenant } from '../../support/tenant.js';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

test('a statement that failed is logged by its kind and place, and without the values that it had', async () => {
  const { tag } = await createTenant(api.owner); // what stands for a value that nobody may read in a log
  const insert = 'INSERT INTO account (id, tag, name) VALUES (gen_random_uuid(), $1, $2)';
  const { dataSource } = api.api.services.database;
  const failed: unknown = await dataSource.query(insert, [tag, `name-${tag}`]).catch((error: unknown) => error);
  expect(failed).toMatchObject({ parameters: [tag, `name-${tag}`], driverError: { detail: expect.any(String) } });
  const lines: string[] = [];
  const logger = createLogger('any', 'error', { write: (line) => void lines.push(line) });
  logger.error({ err: failed }, 'the first');
  logger.error({ err: new Error('outside', { cause: failed }) }, 'the second');
  logger.error(failed);
  expect(lines.join('')).not.toContain(tag);
  const [first, second, third] = lines.map((line) => (JSON.parse(line) as { err: Record<string, unknown> }).err); // as pino writes
  const known = {
    type: 'QueryFailedError',
    message: expect.stringContaining('duplicate key value violates unique constraint'),
    stack: expect.stringMatching(/ {4}at /),
    code: '23505',
  };
  expect([first, second?.['cause'], third]).toEqual([known, known, known]);
  expect(second).toMatchObject({ type: 'Error', message: 'outside' });
});

test('of several failures each is logged, and of a circle of causes only so many', () => {
  const lines: string[] = [];
  const logger = createLogger('any', 'error', { write: (line) => void lines.push(line) });
  const circle: Error & { cause?: unknown } = new Error('a circle');
  circle.cause = circle;
  logger.error({ err: new AggregateError([new Error('one'), 'two', circle], 'all') });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    err: { type: 'AggregateError', errors: [{ message: 'one' }, { message: 'two' }, { message: 'a circle' }] },
  });
  expect(lines[0]?.match(/"message":"a circle"/g)).toHaveLength(5);
});
