import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import { DocumentCache, type DocumentStores, type Versioned } from '../../../../proxy/policy-cache/document-cache.js';
import { KeptDocuments } from '../../../../proxy/policy-cache/kept-documents.js';

interface Policy {
  readonly text: string;
}

const OPTIONS = {
  entriesMax: 3,
  freshMs: 10_000,
  staleMs: 60_000,
  isServedOutdated: true,
  absentMs: 5_000,
  absentEntriesMax: 3,
};

/** Stores in memory that count what they are asked, and can be away or slow. */
class FakeStores implements DocumentStores<Policy> {
  readonly redis = new Map<string, Versioned<Policy>>();
  readonly postgres = new Map<string, Versioned<Policy>>();
  readonly asked = { redis: 0, postgres: 0 };
  isRedisAway = false;
  isPostgresAway = false;
  /** runs after a store was read and before its answer arrives */
  beforeAnswer: () => Promise<void> | void = () => undefined;

  async fromRedis(key: string): Promise<Versioned<Policy> | null> {
    this.asked.redis += 1;
    if (this.isRedisAway) throw new Error('Redis is away');
    return this.redis.get(key) ?? null;
  }

  async fromPostgres(key: string): Promise<Versioned<Policy>> {
    this.asked.postgres += 1;
    const found = this.postgres.get(key) ?? { revision: 0, document: null };
    await this.beforeAnswer();
    if (this.isPostgresAway) throw new Error('Postgres is away');
    return found;
  }

  toRedis(key: string, found: Versioned<Policy>): void {
    this.redis.set(key, found);
  }

  /** the truth changes; the shared copy stays as it was */
  change(key: string, revision: number, text: string | null): void {
    this.postgres.set(key, { revision, document: text === null ? null : { text } });
  }

  goAway(): void {
    this.isRedisAway = true;
    this.isPostgresAway = true;
  }
}

let stores: FakeStores;
let cache: DocumentCache<Policy>;

describe('documents', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    stores = new FakeStores();
    cache = new DocumentCache(stores, OPTIONS);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('a document is loaded once, kept, shared, and then served without waiting', async () => {
    stores.change('a', 1, 'one');
    expect(cache.held('a')).toBeUndefined();
    expect(await cache.find('a')).toEqual({ text: 'one' });
    expect(cache.held('a')).toEqual({ text: 'one' });
    expect(await cache.find('a')).toBe(cache.held('a'));
    expect(stores.asked).toEqual({ redis: 1, postgres: 1 });
    expect(stores.redis.get('a')).toEqual({ revision: 1, document: { text: 'one' } });
  });

  test('documents of very different sizes are bounded together: the least used leave, are counted, and come back', async () => {
    const sizes = { max: 10, of: ({ text }: Policy): number => text.length };
    cache = new DocumentCache(stores, { ...OPTIONS, sizes });
    const texts = { a: 'xxxx', b: 'xxxx', c: 'xxxxxx' };
    for (const [key, text] of Object.entries(texts)) stores.change(key, 1, text);
    await cache.find('a');
    await cache.find('b');
    cache.held('a');
    await cache.find('c');
    expect(Object.keys(texts).map((key) => cache.held(key)?.text)).toEqual(['xxxx', undefined, 'xxxxxx']);
    expect(cache.counts.evicted).toBe(1);
    expect(await cache.find('b')).toEqual({ text: 'xxxx' });
  });

  test('a shared copy spares Postgres the question', async () => {
    stores.redis.set('a', { revision: 1, document: { text: 'shared' } });
    expect(await cache.find('a')).toEqual({ text: 'shared' });
    expect(stores.asked.postgres).toBe(0);
  });

  test('a thousand callers for one unknown key ask once', async () => {
    stores.change('a', 1, 'one');
    const found = await Promise.all(Array.from({ length: 1_000 }, () => cache.find('a')));
    expect(found.every((document) => document?.text === 'one')).toBe(true);
    expect(stores.asked).toEqual({ redis: 1, postgres: 1 });
    expect(cache.counts.loads).toBe(1);
  });

  test('a load that fails is not remembered: the next caller asks again', async () => {
    stores.isPostgresAway = true;
    await expect(cache.find('a')).rejects.toThrow(GatewayError);
    stores.isPostgresAway = false;
    stores.change('a', 1, 'one');
    expect(await cache.find('a')).toEqual({ text: 'one' });
  });

  test('absence is remembered for a while, and is never taken for failure', async () => {
    expect(await cache.find('none')).toBeNull();
    expect(cache.held('none')).toBeNull();
    stores.goAway();
    expect(await cache.find('none')).toBeNull();
    await jest.advanceTimersByTimeAsync(OPTIONS.absentMs + 1);
    await expect(cache.find('none')).rejects.toMatchObject({ errorName: 'unavailable', retryAfterSeconds: 1 });
  });

  test('strangers asking for keys that do not exist push out no document', async () => {
    stores.change('a', 1, 'one');
    await cache.find('a');
    for (let i = 0; i < 100; i++) await cache.find(`none ${i}`);
    expect(cache.held('a')).toEqual({ text: 'one' });
  });

  test('documents beyond the bound are forgotten, the longest unused first', async () => {
    for (const key of ['a', 'b', 'c']) stores.change(key, 1, key);
    for (const key of ['a', 'b', 'c']) await cache.find(key);
    cache.held('a');
    stores.change('d', 1, 'd');
    await cache.find('d');
    expect(cache.held('b')).toBeUndefined();
    expect(cache.held('a')).toEqual({ text: 'a' });
  });

  test('a superseded document is loaded anew, past a shared copy that is older than the announcement', async () => {
    stores.change('a', 1, 'one');
    await cache.find('a');
    stores.change('a', 2, 'two');
    cache.supersede('a', 2);
    expect(cache.held('a')).toBeUndefined();
    expect(await cache.find('a')).toEqual({ text: 'two' });
    expect(stores.redis.get('a')?.revision).toBe(2);
  });

  test('an announcement of what is held already changes nothing', async () => {
    stores.change('a', 2, 'two');
    await cache.find('a');
    cache.supersede('a', 2);
    cache.supersede('a', 1);
    expect(cache.held('a')).toEqual({ text: 'two' });
    expect(stores.asked.postgres).toBe(1);
  });

  test('a document announced as superseded while it was loading is read again before anybody gets it', async () => {
    stores.change('a', 1, 'one');
    stores.beforeAnswer = () => {
      stores.beforeAnswer = () => undefined;
      stores.change('a', 2, 'two');
      cache.supersede('a', 2);
    };
    expect(await cache.find('a')).toEqual({ text: 'two' });
    expect(cache.held('a')).toEqual({ text: 'two' });
  });

  test('a document that is made while its absence is being read is found', async () => {
    stores.beforeAnswer = () => {
      stores.beforeAnswer = () => undefined;
      stores.change('a', 1, 'one');
      cache.supersede('a', 1);
    };
    expect(await cache.find('a')).toEqual({ text: 'one' });
  });

  test('what is made under a key that nobody can name is found too, when absences are forgotten meanwhile', async () => {
    stores.beforeAnswer = () => {
      stores.beforeAnswer = () => undefined;
      stores.change('a', 0, 'one');
      cache.forgetAbsent();
    };
    expect(await cache.find('a')).toEqual({ text: 'one' });
  });

  test('a document that is announced faster than it can be read is served all the same', async () => {
    stores.change('a', 1, 'one');
    let revision = 1;
    stores.beforeAnswer = () => cache.supersede('a', (revision += 1));
    expect(await cache.find('a')).toEqual({ text: 'one' });
    expect(stores.asked.postgres).toBeLessThan(10);
  });

  test('a deleted document is absent from its announcement on', async () => {
    stores.change('a', 1, 'one');
    await cache.find('a');
    stores.change('a', 2, null);
    cache.supersede('a', 2);
    expect(await cache.find('a')).toBeNull();
  });

  test('a shared copy older than what is held is not believed at a refresh', async () => {
    stores.change('a', 5, 'five');
    await cache.find('a');
    stores.redis.set('a', { revision: 4, document: { text: 'four' } }); // a Redis that lost its last writes
    await jest.advanceTimersByTimeAsync(OPTIONS.freshMs * 1.3);
    cache.held('a'); // begins the refresh
    await jest.advanceTimersByTimeAsync(1);
    expect(cache.held('a')).toEqual({ text: 'five' });
  });

  test('a document past its fresh time serves on while it is loaded again in the background', async () => {
    stores.change('a', 1, 'one');
    await cache.find('a');
    stores.change('a', 2, 'two');
    stores.redis.clear();
    await jest.advanceTimersByTimeAsync(OPTIONS.freshMs * 1.3);
    expect(cache.held('a')).toEqual({ text: 'one' });
    await jest.advanceTimersByTimeAsync(1);
    expect(cache.held('a')).toEqual({ text: 'two' });
  });

  test('while no store answers, what is held is served until its bound, asked for at most once a second', async () => {
    stores.change('a', 1, 'one');
    await cache.find('a');
    stores.goAway();
    await jest.advanceTimersByTimeAsync(OPTIONS.freshMs * 1.3);
    const before = stores.asked.postgres;
    for (let i = 0; i < 100; i++) {
      expect(cache.held('a')).toEqual({ text: 'one' });
      await jest.advanceTimersByTimeAsync(10);
    }
    expect(stores.asked.postgres - before).toBe(1);
    await jest.advanceTimersByTimeAsync(OPTIONS.staleMs);
    expect(cache.held('a')).toBeUndefined();
    await expect(cache.find('a')).rejects.toMatchObject({ errorName: 'unavailable' });
  });

  test('a superseded document is served stale only while no store answers', async () => {
    stores.change('a', 1, 'one');
    await cache.find('a');
    stores.change('a', 2, 'two');
    cache.supersede('a', 2);
    stores.goAway();
    expect(await cache.find('a')).toEqual({ text: 'one' });
    expect(cache.counts.staleServed).toBe(1);
    stores.isPostgresAway = false;
    expect(await cache.find('a')).toEqual({ text: 'two' });
  });

  test('where identity is at stake, a superseded document is refused while no store answers; one that is old is not', async () => {
    cache = new DocumentCache(stores, { ...OPTIONS, isServedOutdated: false });
    for (const key of ['changed', 'old']) stores.change(key, 1, key);
    await Promise.all([cache.find('changed'), cache.find('old')]);
    cache.supersede('changed', 2);
    stores.goAway();
    await expect(cache.find('changed')).rejects.toMatchObject({ errorName: 'unavailable' });
    expect(await cache.find('old')).toEqual({ text: 'old' });
    cache.supersedeAll(); // changes may have been missed: nothing is known to have changed
    expect(await cache.find('old')).toEqual({ text: 'old' });
  });

  describe('that an earlier process kept on disk', () => {
    let kept: KeptDocuments<Policy>;
    beforeEach(() => {
      kept = new KeptDocuments(z.object({ text: z.string() }));
      for (const key of ['a', 'b']) kept.add(key, { revision: 2, loadedAtMs: Date.now(), text: '{"text":"kept"}' });
      cache = new DocumentCache(stores, OPTIONS, kept);
    });

    test('is refused each time when a change of it was announced before the file was read', async () => {
      const early = new KeptDocuments(z.object({ text: z.string() }));
      const refusing = new DocumentCache(stores, { ...OPTIONS, isServedOutdated: false }, early);
      refusing.supersede('a', 3);
      early.add('a', { revision: 2, loadedAtMs: Date.now(), text: '{"text":"kept"}' });
      stores.goAway();
      for (let i = 0; i < 2; i++) await expect(refusing.find('a')).rejects.toBeInstanceOf(GatewayError);
    });

    test('is kept in memory of its own, not as a piece of the file', () => {
      const file = Buffer.alloc(1024, '"kept"');
      kept.add('c', { revision: 1, loadedAtMs: Date.now(), text: file.subarray(0, 6) });
      const texts = [...kept.entries()].map(([, { text }]) => text);
      expect(texts.some((text) => typeof text !== 'string' && text.buffer === file.buffer)).toBe(false);
    });

    test('are served when no store answers, and not before', async () => {
      stores.change('a', 3, 'three');
      expect(await cache.find('a')).toEqual({ text: 'three' });
      stores.goAway();
      expect(await cache.find('b')).toEqual({ text: 'kept' });
      expect(cache.held('b')).toEqual({ text: 'kept' });
      expect(cache.counts.recalled).toBe(1);
      await jest.advanceTimersByTimeAsync(OPTIONS.staleMs + 1);
      await expect(cache.find('b')).rejects.toMatchObject({ errorName: 'unavailable' });
    });

    test('are gone for good once a store has said that there is none', async () => {
      expect(await cache.find('a')).toBeNull();
      stores.goAway();
      await jest.advanceTimersByTimeAsync(OPTIONS.absentMs + 1);
      await expect(cache.find('a')).rejects.toMatchObject({ errorName: 'unavailable' });
    });

    test('are believed before a shared copy that is older', async () => {
      stores.redis.set('a', { revision: 1, document: { text: 'old' } }); // a Redis that lost its last writes
      stores.isPostgresAway = true;
      expect(await cache.find('a')).toEqual({ text: 'kept' });
    });

    test('are as good as none when another version of us wrote them', async () => {
      kept.add('a', { revision: 3, loadedAtMs: Date.now(), text: '{"words":"kept"}' });
      stores.goAway();
      await expect(cache.find('a')).rejects.toMatchObject({ errorName: 'unavailable' });
    });

    test('are written down again with those that were loaded, each with its own age', async () => {
      const keptAtMs = Date.now();
      await jest.advanceTimersByTimeAsync(1_000);
      stores.change('c', 7, 'seven');
      await cache.find('c');
      expect([...cache.texts()]).toEqual([
        ['c', { revision: 7, loadedAtMs: keptAtMs + 1_000, text: '{"text":"seven"}' }],
        ['a', { revision: 2, loadedAtMs: keptAtMs, text: '{"text":"kept"}' }],
        ['b', { revision: 2, loadedAtMs: keptAtMs, text: '{"text":"kept"}' }],
      ]);
      cache.supersede('c', 8);
      cache.supersede('a', 3);
      expect([...cache.texts()].map(([key]) => key)).toEqual(['b']);
    });
  });

  test('what is held and changes is loaded at once: it is there though Postgres fails right after', async () => {
    stores.change('a', 1, 'one');
    await cache.find('a');
    stores.change('a', 2, 'two');
    cache.supersede('a', 2);
    await jest.advanceTimersByTimeAsync(1);
    stores.goAway();
    expect(cache.held('a')).toEqual({ text: 'two' });
  });

  test('of a thousand documents that change at once few are loaded ahead, and of all that were held none', async () => {
    cache = new DocumentCache(stores, { ...OPTIONS, entriesMax: 1_000 });
    const keys = Array.from({ length: 1_000 }, (_, i) => `key ${i}`);
    for (const key of keys) {
      stores.change(key, 1, 'one');
      await cache.find(key);
    }
    for (const key of keys) cache.supersede(key, 2);
    expect(cache.counts.loads - keys.length).toBe(8);
    await jest.advanceTimersByTimeAsync(1);
    cache.supersede('key 999', 3);
    cache.supersedeAll();
    expect(cache.counts.loads - keys.length).toBe(9);
  });

  test('of a database that was restored lower revisions are believed, and shared copies of the former one are not', async () => {
    stores.change('a', 7, 'seven');
    await cache.find('a');
    cache.supersede('a', 9);
    stores.redis.set('a', { revision: 9, document: { text: 'nine' } });
    stores.change('a', 3, 'three');
    cache.startOver();
    expect(await cache.find('a')).toEqual({ text: 'three' });
    expect(cache.held('a')).toEqual({ text: 'three' });
    stores.change('a', 4, 'four');
    cache.supersede('a', 4);
    expect(await cache.find('a')).toEqual({ text: 'four' });
  });

  test('a Redis that is away costs a query, nothing else', async () => {
    stores.isRedisAway = true;
    stores.change('a', 1, 'one');
    expect(await cache.find('a')).toEqual({ text: 'one' });
    expect(cache.counts.failures).toBe(0);
  });

  test('when announcements may have been missed, every document is loaded anew before it is served', async () => {
    stores.change('a', 1, 'one');
    await cache.find('a');
    expect(await cache.find('none')).toBeNull();
    stores.change('a', 2, 'two');
    stores.redis.clear();
    cache.supersedeAll();
    expect(cache.held('a')).toBeUndefined();
    expect(cache.held('none')).toBeUndefined();
    expect(await cache.find('a')).toEqual({ text: 'two' });
  });
});
