import { test, expect } from '@jest/globals';
import { RequestText } from '../../../bench/load/request-text.js';

const target = { port: 1, path: '/v1/a/b/openai/chat/completions', headers: ['cf-aig-authorization: Bearer x'] };
const bodyOf = (request: Buffer): string => request.toString('latin1').split('\r\n\r\n')[1] ?? '';

test('a request has a JSON body of 300 bytes, and announces them', () => {
  for (const isStreaming of [false, true]) {
    const request = new RequestText(target, isStreaming, 0, 1).next();
    const body = bodyOf(request);
    expect(body.length).toBe(300);
    expect(request.toString('latin1')).toContain('\r\ncontent-length: 300\r\n');
    const parsed: unknown = JSON.parse(body);
    expect(parsed).toMatchObject(isStreaming ? { stream: true } : { model: 'gpt-4o-mini' });
  }
});

test('no two requests of two connections have the same body', () => {
  const connections = [new RequestText(target, false, 0, 2), new RequestText(target, false, 1, 2)];
  const bodies = connections.flatMap((request) => [1, 2, 3].map(() => bodyOf(request.next())));
  expect(new Set(bodies).size).toBe(6);
});
