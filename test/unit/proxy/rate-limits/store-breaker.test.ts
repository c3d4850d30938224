import { expect, test } from '@jest/globals';
import { StoreBreaker } from '../../../../proxy/rate-limits/store-breaker.js';

const afterFailures = (count: number, nowMs: number): StoreBreaker => {
  const breaker = new StoreBreaker();
  for (let failed = 0; failed < count; failed++) breaker.failed(nowMs);
  return breaker;
};

test('a few failures in a row are borne, and a success forgets them', () => {
  const breaker = afterFailures(4, 0);
  expect([breaker.mayAsk(0), breaker.isOpen]).toEqual([true, false]);
  breaker.succeeded();
  for (let failed = 0; failed < 4; failed++) breaker.failed(0);
  expect(breaker.isOpen).toBe(false);
});

test('after five Redis is left alone for a second, then one request tries it', () => {
  const breaker = afterFailures(5, 1_000);
  expect([breaker.isOpen, breaker.mayAsk(1_999)]).toEqual([true, false]);
  expect([breaker.mayAsk(2_000), breaker.mayAsk(2_000), breaker.mayAsk(9_000)]).toEqual([true, false, false]);
  breaker.failed(2_050);
  expect([breaker.mayAsk(3_049), breaker.mayAsk(3_050)]).toEqual([false, true]);
  breaker.succeeded();
  expect([breaker.isOpen, breaker.mayAsk(3_051), breaker.mayAsk(3_051)]).toEqual([false, true, true]);
});
