import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { TailPosition, type Spool } from '../../../../../api/modules/log/tail-position.js';
import { propertyRuns } from '../../../../support/test-size.js';

const KEY = Buffer.alloc(32, 7);

/** What happens: a spool ships some records (a spool that was not there opens), the tail looks, or it begins again. */
const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('ship' as const),
      spool: fc.integer({ min: 1, max: 5 }),
      count: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ kind: fc.constant('look' as const), limit: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ kind: fc.constant('reconnect' as const) }),
  ),
  { maxLength: 40 },
);

test('whatever ships when, every record is seen once, across reconnects', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const shipped = new Map<number, number>();
      const spools = (): Spool[] =>
        [...shipped].map(([number, shippedSeq]) => ({ number, shippedSeq, openedAtMs: Date.now() }));
      const seen: string[] = [];
      let position = TailPosition.now([]);
      const look = (limit: number): void => {
        const news = position.next(spools());
        if (news === null) return;
        for (let seq = news.fromSeq + 1; seq <= Math.min(news.toSeq, news.fromSeq + limit); seq++) {
          seen.push(`${news.spool}:${seq}`);
          position.see(news.spool, seq);
        }
      };
      for (const step of all) {
        if (step.kind === 'ship') shipped.set(step.spool, (shipped.get(step.spool) ?? 0) + step.count);
        else if (step.kind === 'look') look(step.limit);
        else position = TailPosition.open(KEY, 'a/b', position.seal(KEY, 'a/b', spools()));
      }
      while (position.next(spools()) !== null) look(100);
      const expected = [...shipped].flatMap(([spool, last]) =>
        Array.from({ length: last }, (_, index) => `${spool}:${index + 1}`),
      );
      expect(seen.toSorted()).toEqual(expected.toSorted());
    }),
    propertyRuns,
  );
});

test('a spool that had closed before a cursor was made is not told again', () => {
  const old = { number: 1, shippedSeq: 9, openedAtMs: Date.now() - 3_600_000 };
  expect(TailPosition.open(KEY, 'a/b', TailPosition.now([]).seal(KEY, 'a/b', [])).next([old])).toBeNull();
});

test('spools take turns, however much one of them has', () => {
  const spools = [1, 2, 3].map((number) => ({ number, shippedSeq: 1_000, openedAtMs: Date.now() }));
  const position = TailPosition.now([]);
  const told = Array.from({ length: 6 }, (_, look) => {
    const news = position.next(spools);
    if (news !== null) position.see(news.spool, look + 1);
    return news?.spool;
  });
  expect(told).toEqual([1, 2, 3, 1, 2, 3]);
});

test('a spool of which nothing was told yet stays in the cursor, however long it had to wait', () => {
  const position = TailPosition.now([]);
  const openedAtMs = Date.now();
  const waiting = { number: 2, shippedSeq: 5, openedAtMs };
  const now = jest.spyOn(Date, 'now').mockReturnValue(openedAtMs + 3_600_000);
  try {
    const again = TailPosition.open(KEY, 'a/b', position.seal(KEY, 'a/b', [waiting]));
    expect(again.next([waiting])).toEqual({ spool: 2, fromSeq: 0, toSeq: 5 });
  } finally {
    now.mockRestore();
  }
});

test('a cursor of another tail, under another key, or with a bit changed is refused', () => {
  const cursor = TailPosition.now([]).seal(KEY, 'a/b', []);
  for (const [key, of, text] of [
    [KEY, 'a/c', cursor],
    [Buffer.alloc(32, 8), 'a/b', cursor],
    [KEY, 'a/b', `${cursor.slice(0, -2)}AA`],
    [KEY, 'a/b', ''],
  ] as const) {
    expect(() => TailPosition.open(key, of, text)).toThrow('after is not a cursor');
  }
});
