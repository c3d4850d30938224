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
