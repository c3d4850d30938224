import { expect, test } from '@jest/globals';
import type { Arrival, Caller, Target } from '../../../../proxy/exchange.js';
import type { LimitRefusal, RateLimiter } from '../../../../proxy/rate-limits/rate-limiter.js';
import type { Refusals } from '../../../../proxy/rate-limits/refusals.js';
import { admitted, besideLimit, limit } from '../../../../proxy/stages/limit.js';
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
  const limiting = limit({ rateLimiter, refusals }, arrival, target, CALLER);
  const error: unknown = limiting === null ? null : await admitted(limiting).catch((thrown: unknown) => thrown);
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

/** `planFails`: of a request that is refused. */
interface Asked {
  readonly isAsked?: boolean;
  readonly refuses?: boolean;
  readonly planFails?: 'at once' | 'later';
}

const REFUSAL = { rule: RULE, waitMs: 1_000 } as unknown as LimitRefusal; // what is read of it

/** What is done beside a limit that is being asked for, in the order in which it is done. */
async function beside(limiting: Asked, request: { complete: boolean }) {
  const done: string[] = [];
  const refuses = limiting.refuses === true;
  const plan = (): string | Promise<string> => {
    done.push('planned');
    const failed = new Error('a bad request');
    if (refuses && limiting.planFails === 'at once') throw failed;
    return refuses ? Promise.reject(failed) : 'a plan';
  };
  const decide = async (): Promise<LimitRefusal | null> => {
    await Promise.resolve();
    done.push('decided');
    return refuses ? REFUSAL : null;
  };
  const refuse = (): Promise<never> => Promise.reject(new Error('over the limit'));
  const asked = { decision: limiting.isAsked === false ? REFUSAL : decide(), refuse };
  const planned = await besideLimit(asked, request, plan).catch((error: Error) => error.message);
  return { done, planned };
}

test('a request that is here is planned while its limit is asked for, and refused by the limit first', async () => {
  const here = { complete: true };
  expect(await beside({}, here)).toEqual({ done: ['planned', 'decided'], planned: 'a plan' });
  for (const planFails of ['at once', 'later'] as const) {
    expect(await beside({ refuses: true, planFails }, here)).toEqual({
      done: ['planned', 'decided'],
      planned: 'over the limit',
    });
  }
});

test('nothing is planned of a request that is refused already, nor, before its limit is known, of one that still arrives', async () => {
  expect(await beside({ isAsked: false }, { complete: true })).toEqual({ done: [], planned: 'over the limit' });
  const arriving = { complete: false };
  expect(await beside({}, arriving)).toEqual({ done: ['decided', 'planned'], planned: 'a plan' });
  expect(await beside({ refuses: true }, arriving)).toEqual({ done: ['decided'], planned: 'over the limit' });
});

test('a plan that fails is heard behind the limit, which counts', async () => {
  for (const fails of [
    () => Promise.reject(new Error('a bad request')),
    () => {
      throw new Error('a bad request');
    },
  ]) {
    let isDecided = false;
    const decide = async (): Promise<null> => {
      await Promise.resolve();
      isDecided = true;
      return null;
    };
    const limiting = { decision: decide(), refuse: () => Promise.reject(new Error('over the limit')) };
    await expect(besideLimit(limiting, { complete: true }, fails)).rejects.toThrow('a bad request');
    expect(isDecided).toBe(true);
  }
});
