import { expect, test } from '@jest/globals';
import { SharedAnswers } from '../../../../proxy/cache/shared-answers.js';
import { newUuidV7, type AccountId } from '../../../../schema/contracts/ids.js';
import { written } from '../../../support/cached-answer.js';
import { redisOfScripts, type ScriptCall } from '../../../support/fake-scripts.js';

const accountId = newUuidV7() as AccountId; // of nobody's

/** A Redis that keeps everything, or nothing while it fails, and the memory of each command that it was sent. */
function keeping() {
  const memories: ArrayBufferLike[] = [];
  const state = { isFailing: false };
  const answer = ({ values }: ScriptCall): number[] => {
    memories.push(values[0]?.buffer ?? new ArrayBuffer(0));
    if (state.isFailing) throw new Error('gone');
    return [0];
  };
  const answers = new SharedAnswers(redisOfScripts(answer), 1_000_000);
  const keep = (bytes: Buffer): Promise<number | null> =>
    new Promise((told, failed) => {
      answers.keep(accountId, { member: 'member', ttlMs: 1_000, replaces: null, ...written(bytes), told, failed });
      answers.sendKept();
    });
  return { memories, state, keep };
}

test('the memory of a command serves the next one when it was answered, and no other when it was not', async () => {
  const { memories, state, keep } = keeping();
  for (let i = 0; i < 3; i++) await keep(Buffer.from('small'));
  expect(new Set(memories).size).toBe(1);
  // On their way at the same time, each has its own.
  await Promise.all([keep(Buffer.from('first')), keep(Buffer.from('second'))]);
  expect(new Set(memories.splice(0)).size).toBe(2);
  state.isFailing = true;
  const failing = [keep(Buffer.from('first')), keep(Buffer.from('second'))];
  await Promise.allSettled(failing);
  state.isFailing = false;
  const unanswered = memories.splice(0);
  for (let i = 0; i < 3; i++) await keep(Buffer.from('small'));
  expect(memories.filter((memory) => unanswered.includes(memory))).toEqual([]);
});

test('memory that one large answer needed is given back', async () => {
  const { memories, keep } = keeping();
  await keep(Buffer.alloc(300 * 1024));
  await keep(Buffer.from('small'));
  expect(memories.map(({ byteLength }) => byteLength <= 256 * 1024)).toEqual([false, true]);
});
