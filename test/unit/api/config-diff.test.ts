import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { configDiff } from '../../../api/config-diff.js';
import { propertyRuns } from '../../support/test-size.js';

test('what has a name is told by it, wherever it stands', () => {
  const rule = { name: 'per minute', limit: 10, key: 'GATEWAY' };
  const before = { description: null, settings: { rateLimits: [rule], cacheTtlSeconds: 0 } };
  const other = { name: 'hourly', limit: 5, key: 'IP' };
  const after = { description: 'x', settings: { rateLimits: [other, { ...rule, limit: 20 }], cacheTtlSeconds: 0 } };
  expect(configDiff(before, after)).toEqual([
    { path: 'description', before: null, after: 'x' },
    { path: 'settings.rateLimits.hourly', before: null, after: other },
    { path: 'settings.rateLimits["per minute"].limit', before: 10, after: 20 },
  ]);
  const keys = (version: number): object => ({ providerKeys: [{ provider: 'openai', alias: 'default', version }] });
  expect(configDiff(keys(1), keys(2))).toEqual([{ path: 'providerKeys.openai/default.version', before: 1, after: 2 }]);
});

test('the same things in another order are one difference', () => {
  const [a, b] = [{ name: 'a' }, { name: 'b' }];
  expect(configDiff({ rules: [a, b] }, { rules: [b, a] })).toEqual([
    { path: 'rules', before: ['a', 'b'], after: ['b', 'a'] },
  ]);
});

test('lists of what has no name, or one name twice, are compared whole', () => {
  expect(configDiff({ list: [1, 2] }, { list: [1, 3] })).toEqual([{ path: 'list', before: [1, 2], after: [1, 3] }]);
  const twice = [{ name: 'a' }, { name: 'a' }];
  expect(configDiff({ list: twice }, { list: [] })).toEqual([{ path: 'list', before: twice, after: [] }]);
});

test('an object is what it holds, with a prototype or without; a list is no object, and a hole in it is no null', () => {
  const bare = (value: object): object => Object.assign(Object.create(null) as object, value); // an object by its making
  const settings = { rateLimits: [{ name: 'a' }], retryOn: [{ status: 500 }] };
  const bareSettings = bare({ rateLimits: [bare({ name: 'a' })], retryOn: [bare({ status: 500 })] });
  expect(configDiff({ settings }, bare({ settings: bareSettings }))).toEqual([]);
  expect(configDiff({ list: [null] }, { list: [] })).toEqual([{ path: 'list', before: [null], after: [] }]);
  expect(configDiff({ list: [] }, { list: {} })).toEqual([{ path: 'list', before: [], after: {} }]);
});

const named = fc.record({ name: fc.constantFrom('a', 'b', 'c.d', '"'), limit: fc.nat({ max: 2 }) });
const config = fc.record({
  description: fc.option(fc.constantFrom('x', 'y')),
  settings: fc.record({
    on: fc.boolean(),
    rateLimits: fc.uniqueArray(named, { selector: ({ name }) => name, maxLength: 4 }),
  }),
});

/** What stands at a path, found by reading it as it is written. */
function at(root: unknown, path: string): unknown {
  let value = root;
  for (const [, word, quoted] of path.matchAll(/\.?([\w/-]+)|\[("(?:[^"\\]|\\.)*")\]/g)) {
    const name = word ?? (JSON.parse(quoted ?? '""') as string); // a JSON string by the expression
    value = Array.isArray(value)
      ? value.find((item: { name: string }) => item.name === name)
      : (value as Record<string, unknown> | undefined)?.[name];
  }
  return value ?? null;
}

test('every difference is where it says it is, and what says none is the same', () => {
  fc.assert(
    fc.property(config, config, (before, after) => {
      const changes = configDiff(before, after);
      expect(changes.length === 0).toBe(JSON.stringify(before) === JSON.stringify(after));
      expect(new Set(changes.map(({ path }) => path)).size).toBe(changes.length);
      for (const change of changes.filter(({ path }) => path !== 'settings.rateLimits')) {
        expect([at(before, change.path), at(after, change.path)]).toEqual([change.before, change.after]);
        expect(change.before).not.toEqual(change.after);
      }
    }),
    propertyRuns,
  );
});
