import { setImmediate as endOfTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { TurnBatches } from '../../../proxy/turn-batches.js';

/** A store that repeats each item, and notes what it was asked. */
function repeating(weightMax: number) {
  const sent: [key: string, items: readonly string[]][] = [];
  const batches = new TurnBatches<string, string, string>({
    weightMax,
    send: (key, items) => {
      sent.push([key, items]);
      return Promise.resolve(items.map((item) => `${key}:${item}`));
    },
  });
  return { sent, batches };
}

test('what one turn asks for under one key goes together, and each hears of its own', async () => {
  const { sent, batches } = repeating(10);
  const told = await Promise.all([batches.ask('a', '1'), batches.ask('b', '2'), batches.ask('a', '3')]);
  expect(told).toEqual(['a:1', 'b:2', 'a:3']);
  expect(sent).toEqual([
    ['a', ['1', '3']],
    ['b', ['2']],
  ]);
  await batches.ask('a', '4');
  expect(sent.at(-1)).toEqual(['a', ['4']]);
});

test('a batch that weighs enough goes at once, and the next begins', async () => {
  const { sent, batches } = repeating(3);
  const asked = ['1', '2', '3', '4'].map((item) => batches.ask('a', item));
  expect(sent).toEqual([['a', ['1', '2', '3']]]);
  asked.push(batches.ask('a', '5', 3));
  expect(sent.at(-1)).toEqual(['a', ['4', '5']]);
  expect(await Promise.all(asked)).toEqual(['a:1', 'a:2', 'a:3', 'a:4', 'a:5']);
});

test('when the store fails, or does not answer to everything, all of the batch hear of it', async () => {
  const failing = (send: () => Promise<string[]>) => {
    const batches = new TurnBatches<string, string, string>({ weightMax: 10, send });
    return Promise.allSettled([batches.ask('a', '1'), batches.ask('a', '2')]);
  };
  const lost = await failing(() => Promise.reject(new Error('gone')));
  const short = await failing(() => Promise.resolve(['1']));
  expect([...lost, ...short].map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
});

/** A store that answers, by repeating, or fails when the test says so. */
function slow() {
  const sent: { readonly items: string; answer(): void; fail(): void }[] = [];
  const batches = new TurnBatches<string, string, string>({
    weightMax: 3,
    send: (key, items) =>
      new Promise((resolve, reject) => {
        const answer = (): void => resolve(items.map((item) => `${key}:${item}`));
        sent.push({ items: items.join(), answer, fail: () => reject(new Error(`${key} is gone`)) });
      }),
  });
  return { sent, batches, items: () => sent.map(({ items }) => items) };
}

test('what comes while a command is on its way waits for the reply, and goes together; other keys do not wait', async () => {
  const { sent, batches, items } = slow();
  const asked = [batches.ask('a', '1')];
  await endOfTurn();
  asked.push(batches.ask('a', '2'));
  await endOfTurn();
  asked.push(batches.ask('a', '3'), batches.ask('b', '4'));
  await endOfTurn();
  expect(items()).toEqual(['1', '4']);
  sent[0]?.answer();
  await asked[0];
  await endOfTurn();
  expect(items()).toEqual(['1', '4', '2,3']);
  for (const { answer } of sent) answer();
  expect(await Promise.all(asked)).toEqual(['a:1', 'a:2', 'a:3', 'b:4']);
});

test('a batch that weighs enough waits for no reply', async () => {
  const { batches, items } = slow();
  void batches.ask('a', '1');
  await endOfTurn();
  for (const item of ['2', '3', '4']) void batches.ask('a', item);
  expect(items()).toEqual(['1', '2,3,4']);
});

test('who waits behind a command that fails hears of it, and does not wait for another; the store is asked again afterwards', async () => {
  const { sent, batches, items } = slow();
  const first = batches.ask('a', '1');
  await endOfTurn();
  const behind = batches.ask('a', '2');
  sent[0]?.fail();
  await expect(first).rejects.toThrow('a is gone');
  await expect(behind).rejects.toThrow('a is gone');
  const next = batches.ask('a', '3');
  await endOfTurn();
  expect(items()).toEqual(['1', '3']);
  sent[1]?.answer();
  expect(await next).toBe('a:3');
});

test('many keys, one after the other, leave nothing behind that would be asked again', async () => {
  const { sent, batches } = repeating(10);
  for (let key = 0; key < 3_000; key++) await batches.ask(String(key), 'x');
  expect(sent).toHaveLength(3_000);
  expect(await batches.ask('0', 'y')).toBe('0:y');
});
