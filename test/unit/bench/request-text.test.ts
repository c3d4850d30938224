import { test, expect } from '@jest/globals';
import { RequestText } from '../../../bench/load/request-text.js';

const target = { port: 1, path: '/v1/a/b/openai/chat/completions', headers: ['cf-aig-authorization: Bearer x'] };
const bodyOf = (request: Buffer): string => request.toString('latin1').split('\r\n\r\n')[1] ?? '';

test.each([
  ['json', 300, { model: 'gpt-4o-mini' }],
  ['sse', 300, { stream: true }],
  ['slow-sse', 300, { stream: true, user: 'slow-reader' }],
  ['big-body', 100_000, { model: 'gpt-4o-mini' }],
] as const)('a request of %s has a JSON body of %d bytes, and announces them', (kind, bytes, members) => {
  const request = new RequestText(target, kind, 0, 1).next();
  const body = bodyOf(request);
  expect(body.length).toBe(bytes);
  expect(request.toString('latin1')).toContain(`\r\ncontent-length: ${bytes}\r\n`);
  expect(JSON.parse(body)).toMatchObject(members);
});

test('no two requests of two connections have the same body', () => {
  const connections = [new RequestText(target, 'json', 0, 2), new RequestText(target, 'json', 1, 2)];
  const bodies = connections.flatMap((request) => [1, 2, 3].map(() => bodyOf(request.next())));
  expect(new Set(bodies).size).toBe(6);
});
