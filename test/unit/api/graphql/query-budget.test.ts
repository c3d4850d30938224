import { expect, test } from '@jest/globals';
import { QueryBudget } from '../../../../api/graphql/query-budget.js';
import type { Access } from '../../../../api/access.js';
import { ANONYMOUS } from '../../../../api/principal.js';

/** 600 points a minute for who is known, so 60 for nobody; a bucket of any size holds the dearest operation. */
function localBudget() {
  const clock = { nowMs: 0 };
  const away = { eval: () => Promise.reject(new Error('Redis is away')) };
  const budget = new QueryBudget(away, 600, () => clock.nowMs);
  const spend = (ip: string, cost: number): Promise<string> =>
    budget.spend({ access: { principal: ANONYMOUS } as Access, client: { ip, userAgent: null } }, cost).then(
      () => 'spent',
      (error: { retryAfterSeconds: number }) => `wait ${error.retryAfterSeconds}`,
    );
  return { clock, spend };
}

test('a bucket fills steadily, never beyond its size, and a refusal takes nothing', async () => {
  const { clock, spend } = localBudget();
  expect(await spend('203.0.113.1', 10_000)).toBe('spent');
  expect(await spend('203.0.113.1', 60)).toBe('wait 60');
  clock.nowMs = 59_000;
  expect(await spend('203.0.113.1', 60)).toBe('wait 1');
  clock.nowMs = 60_000;
  expect(await spend('203.0.113.1', 60)).toBe('spent');
  clock.nowMs = 10 ** 12;
  expect(await spend('203.0.113.1', 10_000)).toBe('spent');
  expect(await spend('203.0.113.1', 1)).toBe('wait 1');
});

test('all addresses of one IPv6 network share a bucket, and no others do', async () => {
  const { spend } = localBudget();
  expect(await spend('2001:db8:1:2::1', 10_000)).toBe('spent');
  expect(await spend('2001:db8:1:2:ffff::9', 10_000)).toMatch(/^wait/);
  expect(await spend('2001:db8:1:3::1', 10_000)).toBe('spent');
});

test('sessions of one user share a bucket; tokens of one account have one each, and one of ten times that together', async () => {
  const away = { eval: () => Promise.reject(new Error('Redis is away')) };
  const budget = new QueryBudget(away, 10_000, () => 0);
  const spend = (principal: object): Promise<string> =>
    budget.spend({ access: { principal } as Access, client: { ip: null, userAgent: null } }, 10_000).then(
      () => 'spent', // it asks for nothing else of an access
      () => 'refused',
    );
  expect(await spend({ kind: 'user', userId: 'u', sessionId: 'one' })).toBe('spent');
  expect(await spend({ kind: 'user', userId: 'u', sessionId: 'two' })).toBe('refused');
  expect(await spend({ kind: 'user', userId: 'v', sessionId: 'three' })).toBe('spent');
  const answers = [];
  for (let index = 0; index < 12; index++) {
    answers.push(await spend({ kind: 'token', accountId: 'a', tokenId: `t${index}` }));
  }
  expect(answers.filter((answer) => answer === 'spent')).toHaveLength(10);
  expect(await spend({ kind: 'token', accountId: 'b', tokenId: 't0' })).toBe('refused');
  expect(await spend({ kind: 'token', accountId: 'b', tokenId: 'other' })).toBe('spent');
});
