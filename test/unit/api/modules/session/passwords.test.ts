import { expect, test } from '@jest/globals';
import { Passwords } from '../../../../../api/modules/session/passwords.js';

const OPTIONS = { costLog2: 10, runningMax: 1, waitingMax: 2 };

test('a hash verifies its own password, in any Unicode spelling of it, and no other', async () => {
  const passwords = new Passwords(OPTIONS);
  const stored = await passwords.hash('caf\u00e9 au lait');
  expect(stored).toMatch(/^scrypt\$10\$[\w-]{22}\$[\w-]{43}$/);
  expect(await passwords.verify('cafe\u0301 au lait', stored)).toBe(true);
  expect(await passwords.verify('cafe au lait', stored)).toBe(false);
  expect(await passwords.hash('caf\u00e9 au lait')).not.toBe(stored);
});

test('without a stored hash no password verifies', async () => {
  expect(await new Passwords(OPTIONS).verify('anything', null)).toBe(false);
});

test('a hash made at another cost still verifies', async () => {
  const stored = await new Passwords({ ...OPTIONS, costLog2: 11 }).hash('password');
  expect(await new Passwords(OPTIONS).verify('password', stored)).toBe(true);
});

test('beyond those that may run and wait, sign-ins are refused and counted', async () => {
  const passwords = new Passwords(OPTIONS);
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.verify('password', null)));
  expect(outcomes.map((outcome) => outcome.status)).toEqual([
    'fulfilled',
    'fulfilled',
    'fulfilled',
    'rejected',
    'rejected',
  ]);
  expect(passwords.refused).toBe(2);
  expect(await passwords.verify('password', null)).toBe(false);
});
