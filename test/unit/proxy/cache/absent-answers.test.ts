/** Which accounts are watched, and when no longer; what is known of them, a real Redis is asked (absences.test.ts). */
import type { Redis } from 'ioredis';
import { expect, test } from '@jest/globals';
import { AbsentAnswers } from '../../../../proxy/cache/absent-answers.js';
import { KeyFilter } from '../../../../proxy/cache/key-filter.js';
import { newUuidV7, type AccountId, type GatewayId } from '../../../../schema/contracts/ids.js';
import { cachedAnswerName, type CachedAnswerName } from '../../../../schema/contracts/redis-keys.js';
import { redisOfScripts, type ScriptCall } from '../../../support/fake-scripts.js';
import { waitFor } from '../../../support/wait-for.js';

const anyAccount = (): AccountId => newUuidV7() as AccountId; // of nobody's
const nameOf = (accountId: AccountId, index = 0): CachedAnswerName =>
  cachedAnswerName({
    accountId,
    gatewayId: 'gateway' as GatewayId, // likewise
    epoch: 0,
    keyHash: index.toString(16).padStart(64, '0'),
  });

/** Of a call of which Redis asks nothing else than of the others: what was heard; a part of a log. */
const isReading = ({ values }: ScriptCall): boolean => values.length === 3;
const heardOf = ({ values }: ScriptCall): string => String(values[0]);

const NOTHING_NEW = (call: ScriptCall): unknown =>
  heardOf(call) === '' ? ['1-0', null, []] : ['1-0', Buffer.alloc(0)];
/** As many tails as a filter takes, and a little more. */
const VERY_MANY = Buffer.alloc((KeyFilter.KEYS_MAX + 1) * 16, 'ab');

interface Watched {
  readonly absent: AbsentAnswers;
  readonly clock: { nowMs: number };
}

function watched(redis: Redis): Watched {
  const clock = { nowMs: 0 };
  return { absent: new AbsentAnswers(redis, () => clock.nowMs), clock };
}

function miss(absent: AbsentAnswers, accountId: AccountId, count: number): void {
  for (let i = 0; i < count; i++) absent.noteMiss(nameOf(accountId));
}

test('an account is watched from 100 misses in a second on, and known once its news were heard behind its logs', async () => {
  const { absent, clock } = watched(redisOfScripts(NOTHING_NEW));
  const accountId = anyAccount();
  miss(absent, accountId, 99);
  clock.nowMs = 1_000;
  miss(absent, accountId, 99);
  expect(absent.watchedAccounts).toBe(0);
  miss(absent, accountId, 1);
  expect(absent.watchedAccounts).toBe(1);
  const name = nameOf(accountId);
  expect(absent.isAbsent(name, clock.nowMs)).toBe(false);
  await waitFor(() => absent.isAbsent(name, clock.nowMs), 'it is known');
  expect(absent.isAbsent(nameOf(anyAccount()), clock.nowMs)).toBe(false);
  absent.noteKept(name);
  expect(absent.isAbsent(name, clock.nowMs)).toBe(false);
  expect(absent.isAbsent(nameOf(accountId, 1), clock.nowMs)).toBe(true);
  absent.stop();
  expect(absent.isAbsent(nameOf(accountId, 1), clock.nowMs)).toBe(false);
});

test('what was heard a tenth of a second ago is not believed', async () => {
  let isSilent = false;
  const { absent, clock } = watched(
    redisOfScripts((call) => (isSilent ? new Promise(() => undefined) : NOTHING_NEW(call))),
  );
  const name = nameOf(anyAccount());
  miss(absent, name.accountId, 100);
  await waitFor(() => absent.isAbsent(name, clock.nowMs), 'it is known');
  isSilent = true;
  expect(absent.isAbsent(name, clock.nowMs + 99)).toBe(true);
  expect(absent.isAbsent(name, clock.nowMs + 100)).toBe(false);
  absent.stop();
});

test('an account that is asked for little is watched no more after ten seconds', async () => {
  const { absent, clock } = watched(
    redisOfScripts((call) => {
      clock.nowMs += 1_000;
      return NOTHING_NEW(call);
    }),
  );
  const accountId = anyAccount();
  miss(absent, accountId, 100);
  await waitFor(() => absent.watchedAccounts === 0, 'it is watched no more');
  expect(clock.nowMs).toBeGreaterThanOrEqual(10_000);
  miss(absent, accountId, 100);
  expect(absent.watchedAccounts).toBe(1); // at once, when it is busy again
  absent.stop();
});

test('an account that cannot be watched is left alone for ten seconds', async () => {
  const failures: readonly ((call: ScriptCall) => unknown)[] = [
    () => {
      throw new Error('Command timed out');
    },
    (call) => (isReading(call) ? VERY_MANY : ['1-0', null, [Buffer.from('9')]]),
    (call) => {
      if (isReading(call)) throw new Error('Command timed out');
      return ['1-0', null, [Buffer.from('9')]];
    },
  ];
  for (const failing of failures) {
    const { absent, clock } = watched(redisOfScripts(failing));
    const accountId = anyAccount();
    miss(absent, accountId, 100);
    await waitFor(() => absent.watchedAccounts === 0, 'it is watched no more');
    expect(absent.counts.unable).toBe(1);
    clock.nowMs = 5_000;
    miss(absent, accountId, 100);
    expect(absent.watchedAccounts).toBe(0);
    clock.nowMs = 10_000;
    miss(absent, accountId, 100);
    expect(absent.watchedAccounts).toBe(1);
    absent.stop();
  }
});

test('when too much was kept for a filter the logs are read anew', async () => {
  const heard: string[] = [];
  const { absent, clock } = watched(
    redisOfScripts((call) => {
      heard.push(heardOf(call));
      if (heardOf(call) === '') return ['1-0', null, []];
      return ['2-0', heard.length === 3 ? VERY_MANY : Buffer.alloc(0)];
    }),
  );
  const name = nameOf(anyAccount(), 0xabababab);
  miss(absent, name.accountId, 100);
  await waitFor(() => heard.length >= 5, 'it was asked again');
  expect(heard.slice(0, 4)).toEqual(['', '1-0', '2-0', '']);
  await waitFor(() => absent.isAbsent(name, clock.nowMs), 'it is known');
  absent.stop();
});

test('sixteen accounts are watched at a time', () => {
  const { absent } = watched(redisOfScripts(NOTHING_NEW));
  for (let i = 0; i < 17; i++) miss(absent, anyAccount(), 100);
  expect(absent.watchedAccounts).toBe(16);
  expect(absent.counts.crowded).toBe(1);
  absent.stop();
  expect(absent.watchedAccounts).toBe(0);
});
