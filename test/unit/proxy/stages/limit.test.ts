import { expect, test } from '@jest/globals';
import type { Arrival, Caller, Target } from '../../../../proxy/exchange.js';
import type { RateLimiter } from '../../../../proxy/rate-limits/rate-limiter.js';
import type { Refusals } from '../../../../proxy/rate-limits/refusals.js';
import { besideLimit, limit } from '../../../../proxy/stages/limit.js';
import type { UsageRecord } from '../../../../schema/contracts/usage-record.js';

const CALLER: Caller = { apiTokenId: null, unchecked: null };
const RULE = { name: 'requests a month', limit: 3, intervalSeconds: 60, isQuota: false };

/** A request that a rule, or the quota, refuses: what is added to the refusals, and why. */
async function refused(by: { readonly isQuota: boolean }, arrivedAtMs = Date.now()) {
  const added: { record: UsageRecord; cause: string }[] = [];
  const add = (record: UsageRecord, cause: string): Promise<boolean> => {
    added.push({ record, cause });
    return Promise.resolve(false);
  };
  const rateLimiter = { decide: () => ({ rule: { ...RULE, ...by }, waitMs: 1_000 }) } as unknown as RateLimiter; // all that is asked
  const refusals = { add } as unknown as Refusals; // likewise
  // what is read of them
  const arrival = {
    arrivedAtMs,
    request: { rawHeaders: [] },
    options: { metadata: null, metadataNote: null },
    path: '/',
    query: '',
  } as unknown as Arrival;
  const policy = { requestsPerMonthMax: 3, settings: { rateLimits: [RULE], logRetentionDays: 30 } };
  const target = { policy, provider: { slug: 'openai' } } as unknown as Target; // likewise
  const error: unknown = await Promise.resolve(limit({ rateLimiter, refusals }, arrival, target, CALLER)?.end).catch(
    (thrown: unknown) => thrown,
  );
  return { ...added[0], error };
}

test('refusals by the quota and by a rule of the same name are tallied apart, and are other errors', async () => {
  const [byQuota, byRule] = [await refused({ isQuota: true }), await refused({ isQuota: false })];
  expect(byQuota.cause).not.toBe(byRule.cause);
  expect([byQuota.record?.errorCode, byRule.record?.errorCode]).toEqual([9005, 2003]);
  expect([byQuota.error, byRule.error]).toMatchObject([{ errorName: 'quotaUsedUp' }, { errorName: 'rateLimited' }]);
});

test('a clock that is set while a request is refused makes its record no longer than the column, and no shorter than nothing', async () => {
  const long = await refused({ isQuota: false }, Date.now() - 86_400_000_000);
  const ahead = await refused({ isQuota: false }, Date.now() + 86_400_000);
  expect([long.record?.durationMs, ahead.record?.durationMs]).toEqual([2 ** 31 - 1, 0]);
});

/** What is done beside a limit that is being asked for, in the order in which it is done. */
async function beside(limiting: { isAsked?: boolean; refuses?: boolean } | null, request: { complete: boolean }) {
  const done: string[] = [];
  const plan = (): string => {
    done.push('planned');
    if (limiting?.refuses === true) throw new Error('a bad request');
    return 'a plan';
  };
  const end = async (): Promise<void> => {
    await Promise.resolve();
    done.push('decided');
    if (limiting?.refuses === true) throw new Error('over the limit');
  };
  const asked = limiting === null ? null : { isAsked: limiting.isAsked ?? true, end: end() };
  const planned = await Promise.resolve(besideLimit(asked, request, plan)).catch((error: Error) => error.message);
  return { done, planned };
}

test('a request that is here is planned while its limit is asked for, and refused by the limit first', async () => {
  const here = { complete: true };
  expect(await beside({}, here)).toEqual({ done: ['planned', 'decided'], planned: 'a plan' });
  expect(await beside({ refuses: true }, here)).toEqual({ done: ['planned', 'decided'], planned: 'over the limit' });
  expect(await beside(null, here)).toEqual({ done: ['planned'], planned: 'a plan' });
});

test('nothing is planned of a request that is refused already, nor, before its limit is known, of one that still arrives', async () => {
  expect(await beside({ isAsked: false, refuses: true }, { complete: true })).toEqual({
    done: ['decided'],
    planned: 'over the limit',
  });
  const arriving = { complete: false };
  expect(await beside({}, arriving)).toEqual({ done: ['decided', 'planned'], planned: 'a plan' });
  expect(await beside({ refuses: true }, arriving)).toEqual({ done: ['decided'], planned: 'over the limit' });
});
