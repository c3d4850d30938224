import { expect, test } from '@jest/globals';
import { RetryBudgets } from '../../../../proxy/attempts/retry-budget.js';
import type { UpstreamCall } from '../../../../proxy/exchange.js';

// what is read of a call
const callOf = (gatewayId: string, slug = 'openai', keyId: string | null = null): UpstreamCall =>
  ({
    target: { policy: { gatewayId }, provider: { slug } },
    storedKey: keyId === null ? null : { id: keyId },
  }) as unknown as UpstreamCall;

test('when everything fails at once, retries are a fifth of what runs, and three', () => {
  const budgets = new RetryBudgets();
  const shares = Array.from({ length: 1_000 }, () => budgets.enter(callOf('main')));
  let retries = 0;
  for (const share of shares) {
    if (share.take()) retries += 1;
    else share.leave();
  }
  expect(retries).toBeGreaterThan(100);
  expect(retries).toBeLessThanOrEqual(203);
  expect(budgets.refused).toBe(1_000 - retries);
});

test('a single request may use all its attempts', () => {
  const share = new RetryBudgets().enter(callOf('main'));
  for (let n = 1; n <= 4; n++) expect(share.take()).toBe(true);
});

test('requests that go on retrying keep their places, and no other gets more than there are', () => {
  const budgets = new RetryBudgets();
  const shares = Array.from({ length: 4 }, () => budgets.enter(callOf('main')));
  expect(shares.map((share) => share.take())).toEqual([true, true, true, false]);
  expect(shares.map((share) => share.take())).toEqual([true, true, true, false]);
  shares[0]?.leave();
  expect(shares[3]?.take()).toBe(true);
});

test('what one gateway, provider or key uses up is no other one’s', () => {
  const budgets = new RetryBudgets();
  const use = (): void => void Array.from({ length: 3 }, () => budgets.enter(callOf('main', 'openai', 'a')).take());
  use();
  expect(budgets.enter(callOf('main', 'openai', 'a')).take()).toBe(false);
  for (const other of [callOf('other', 'openai', 'a'), callOf('main', 'groq', 'a'), callOf('main', 'openai', 'b')])
    expect(budgets.enter(other).take()).toBe(true);
});

test('a request that has left takes nothing, and nothing of it stays', () => {
  const budgets = new RetryBudgets();
  const gone = budgets.enter(callOf('main'));
  gone.take();
  gone.leave();
  gone.leave();
  expect(gone.take()).toBe(false);
  const shares = Array.from({ length: 3 }, () => budgets.enter(callOf('main')));
  expect(shares.map((share) => share.take())).toEqual([true, true, true]);
});
