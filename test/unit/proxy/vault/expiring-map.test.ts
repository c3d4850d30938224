import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ExpiringMap } from '../../../../proxy/vault/expiring-map.js';

describe('the map', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  test('a value is gone at the end of its time also when the timer that lets go of it is late', () => {
    const map = new ExpiringMap<string>(10, 1_000);
    map.set('key', 'value');
    const startMs = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(startMs + 999);
    expect(map.get('key')).toBe('value');
    clock.mockReturnValue(startMs + 1_000);
    expect(map.get('key')).toBeUndefined();
  });

  test('reading a value does not make it live longer, putting it in again does', () => {
    const map = new ExpiringMap<string>(10, 1_000);
    map.set('read', 'value');
    map.set('renewed', 'value');
    jest.advanceTimersByTime(900);
    map.get('read');
    map.set('renewed', 'value');
    jest.advanceTimersByTime(200);
    expect([map.get('read'), map.get('renewed'), map.size]).toEqual([undefined, 'value', 1]);
  });

  test('at its bound of sizes it lets go of as many of the oldest as are in the way', () => {
    const map = new ExpiringMap<number>(10, 1_000, 100);
    for (const key of ['a', 'b', 'c']) map.set(key, 1, 30);
    map.set('c', 1, 40); // in its own place
    expect([map.size, map.evicted]).toEqual([3, 0]);
    map.set('d', 1, 60);
    expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual([undefined, undefined, 1, 1]);
    map.set('huge', 1, 101);
    expect([map.size, map.get('huge'), map.evicted]).toEqual([1, 1, 4]);
    jest.advanceTimersByTime(1_001);
    for (const key of ['a', 'b', 'c']) map.set(key, 1, 30);
    map.clear();
    for (const key of ['a', 'b', 'c']) map.set(key, 1, 30);
    expect([map.size, map.evicted]).toEqual([3, 4]);
  });

  test('at its bound it lets go of the oldest and counts that; a key that is there already takes no room', () => {
    const map = new ExpiringMap<number>(3, 1_000);
    for (const key of ['a', 'b', 'c', 'a', 'd']) map.set(key, 1);
    expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual([1, undefined, 1, 1]);
    expect(map.evicted).toBe(1);
  });
});
