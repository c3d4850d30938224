import { afterEach, expect, jest, test } from '@jest/globals';
import { tell, type Asker } from '../../../proxy/asker.js';
import { TurnBatches } from '../../../proxy/turn-batches.js';

afterEach(() => void jest.useRealTimers());

interface Item extends Asker<string> {
  readonly text: string;
}

type Ask = (key: string, text: string, weight?: number) => Promise<string>;

const asking =
  (batches: TurnBatches<string, Item, string>): Ask =>
  (key, text, weight) =>
    new Promise((told, failed) => batches.ask(key, { text, told, failed }, weight));

/** A store that repeats each item, and notes what it was asked. */
function repeating(weightMax: number) {
  const sent: [key: string, items: readonly string[]][] = [];
  const batches = new TurnBatches<string, Item, string>({
    weightMax,
    open: () => [],
    send: (key, items, asker) => {
      sent.push([key, items.map(({ text }) => text)]);
      tell(
        asker,
        items.map(({ text }) => `${key}:${text}`),
      );
    },
  });
  return { sent, batches, ask: asking(batches) };
}

test('what one turn asks for under one key goes together, and each hears of its own', async () => {
  const { sent, ask } = repeating(10);
  const told = await Promise.all([ask('a', '1'), ask('b', '2'), ask('a', '3')]);
  expect(told).toEqual(['a:1', 'b:2', 'a:3']);
  expect(sent).toEqual([
    ['a', ['1', '3']],
    ['b', ['2']],
  ]);
  await ask('a', '4');
  expect(sent.at(-1)).toEqual(['a', ['4']]);
});

test('a batch that weighs enough goes at once, and the next begins', async () => {
  const { sent, ask } = repeating(3);
  const asked = ['1', '2', '3', '4'].map((item) => ask('a', item));
  expect(sent).toEqual([['a', ['1', '2', '3']]]);
  asked.push(ask('a', '5', 3));
  expect(sent.at(-1)).toEqual(['a', ['4', '5']]);
  expect(await Promise.all(asked)).toEqual(['a:1', 'a:2', 'a:3', 'a:4', 'a:5']);
});

test('when the store fails, or does not answer to everything, all of the batch hear of it', async () => {
  const failing = (answer: (asker: Asker<readonly string[]>) => void) => {
    const ask = asking(
      new TurnBatches({ weightMax: 10, open: (): Item[] => [], send: (_key, _items, asker) => answer(asker) }),
    );
    return Promise.allSettled([ask('a', '1'), ask('a', '2')]);
  };
  const unsent = await failing(() => {
    throw new Error('not ASCII');
  });
  const lost = await failing((asker) => asker.failed(new Error('gone')));
  const short = await failing((asker) => tell(asker, ['1']));
  expect([...unsent, ...lost, ...short].map(({ status }) => status)).toEqual(Array(6).fill('rejected'));
});

test('who cannot make anything of his answer hears that he has none, and the others have theirs', async () => {
  const { batches, ask } = repeating(10);
  const spoilt = new Promise((_resolve, reject) => {
    const told = (): never => {
      throw new Error('not this one');
    };
    batches.ask('a', { text: '1', told, failed: reject });
  });
  const next = ask('a', '2');
  await expect(spoilt).rejects.toThrow('not this one');
  expect(await next).toBe('a:2');
});

test('what nobody waits for goes in front of what is asked next, and by itself when nothing is', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  const { sent, batches, ask } = repeating(10);
  const along = (key: string, text: string): Promise<string> =>
    new Promise((told, failed) => batches.askAlong(key, { text, told, failed }));
  const kept = [along('a', '1'), along('b', '2')];
  await ask('c', '3'); // in a turn of its own
  expect(sent).toEqual([['c', ['3']]]);
  expect(await ask('a', '4')).toBe('a:4');
  expect(sent).toEqual([
    ['c', ['3']],
    ['a', ['1', '4']],
  ]);
  jest.advanceTimersByTime(3);
  expect(sent.at(-1)).toEqual(['b', ['2']]);
  expect(await Promise.all(kept)).toEqual(['a:1', 'b:2']);
});

test('all that waits can be sent at once, and what weighs enough is', () => {
  const { sent, batches } = repeating(3);
  const unheard = { told: () => undefined, failed: () => undefined };
  for (const text of ['1', '2', '3', '4']) batches.askAlong('a', { text, ...unheard });
  expect(sent).toEqual([['a', ['1', '2', '3']]]);
  batches.ask('b', { text: '5', ...unheard });
  batches.sendAll();
  expect(sent.slice(1)).toEqual([
    ['a', ['4']],
    ['b', ['5']],
  ]);
  batches.sendAll();
  expect(sent).toHaveLength(3);
});
