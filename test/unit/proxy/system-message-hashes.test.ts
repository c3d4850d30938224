import { expect, test } from '@jest/globals';
import { SystemMessageHashes } from '../../../proxy/system-message-hashes.js';
import { newUuidV7, type AccountId } from '../../../schema/contracts/ids.js';

const account = (): AccountId => newUuidV7() as AccountId;

test.each(['Be brief.', 'x'.repeat(5_000)])('one prompt of one account has one hash, under one key', (text) => {
  const hashes = new SystemMessageHashes(Buffer.alloc(32, 1));
  const [ours, theirs] = [account(), account()];
  const hash = hashes.of(ours, text);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(hashes.of(ours, text)).toBe(hash);
  expect(hashes.of(theirs, text)).not.toBe(hash);
  expect(hashes.of(ours, `${text}.`)).not.toBe(hash);
  expect(new SystemMessageHashes(Buffer.alloc(32, 2)).of(ours, text)).not.toBe(hash);
});

test('a prompt that many accounts use has the hash of each of them, however many', () => {
  const hashes = new SystemMessageHashes(Buffer.alloc(32, 1));
  const accounts = Array.from({ length: 250 }, account);
  const each = accounts.map((id) => hashes.of(id, 'Be brief.'));
  expect(new Set(each).size).toBe(accounts.length);
  expect(accounts.map((id) => hashes.of(id, 'Be brief.'))).toEqual(each);
});
