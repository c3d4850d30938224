import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Cursors } from '../../../../api/paging/cursors.js';

const cursors = new Cursors(Buffer.alloc(32, 1));

test('a cursor gives back its position to its own list, and to no other', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.uuid(), (list, other, position) => {
      const cursor = cursors.encode(list, position);
      expect(cursors.decode(list, cursor, 'after')).toBe(position);
      if (other !== list) expect(() => cursors.decode(other, cursor, 'after')).toThrow('after is not a cursor');
    }),
  );
});

test('no text that we did not sign is a cursor, nor one of ours with a bit changed', () => {
  fc.assert(
    fc.property(fc.string(), (text) => void expect(() => cursors.decode('list', text, 'after')).toThrow('after')),
  );
  const bytes = Buffer.from(cursors.encode('list', 'position'), 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(() => cursors.decode('list', changed.toString('base64url'), 'after')).toThrow('after');
  }
});

test('a cursor under another key is refused', () => {
  const cursor = new Cursors(Buffer.alloc(32, 2)).encode('list', 'position');
  expect(() => cursors.decode('list', cursor, 'after')).toThrow('after');
});
