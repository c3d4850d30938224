import { expect, test } from '@jest/globals';
import { CopyRoom } from '../../../../proxy/cache/copy-room.js';
import { CoalescedCalls, type Coalescing } from '../../../../proxy/cache/coalesced-calls.js';
import type { Forwarded } from '../../../../proxy/exchange.js';

test('a client that has left already leads nobody: its own leaving decides about its call', async () => {
  const calls = new CoalescedCalls(new CopyRoom());
  const asked: unknown[] = [];
  const arrival = { response: { destroyed: true } };
  const left: Forwarded = { kind: 'client-left', wasSent: true, attempt: null };
  const send = async (asking: unknown): Promise<Forwarded> => {
    asked.push(asking);
    return left;
  };
  const coalescing = { arrival, call: {}, sharing: { key: 'k' }, notes: {}, send };
  expect(await calls.answer(coalescing as unknown as Coalescing)).toBe(left);
  expect(asked).toEqual([arrival]);
  expect(calls.open).toBe(0);
});
