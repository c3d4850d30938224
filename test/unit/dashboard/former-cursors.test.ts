import { expect, test } from '@jest/globals';
import { formerCursors, withFormerCursors } from '../../../dashboard/src/components/former-cursors.js';

test('each list has the pages before its own, and what else the state holds stays', () => {
  const state = withFormerCursors(withFormerCursors({ other: 1 }, 'after', ['a', 'b']), 'invited-after', ['c']);
  expect(formerCursors(state, 'after')).toEqual(['a', 'b']);
  expect(formerCursors(state, 'invited-after')).toEqual(['c']);
  expect(formerCursors(withFormerCursors(state, 'after', []), 'after')).toEqual([]);
  expect(state).toMatchObject({ other: 1 });
});

test('a state of somebody else holds none', () => {
  for (const state of [null, undefined, 'x', [], { formerCursors: 7 }, { formerCursors: { after: 'a' } }]) {
    expect(formerCursors(state, 'after')).toEqual([]);
  }
});

test('the nearest 200 are kept', () => {
  const cursors = Array.from({ length: 201 }, (_, index) => `c${index}`);
  expect(formerCursors(withFormerCursors(null, 'after', cursors), 'after')).toEqual(cursors.slice(1));
});
