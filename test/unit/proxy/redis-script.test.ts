/**
 * The command of a script, which is not of ioredis's own class: what the client asks of one, and who hears of its
 * answer.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { RedisScript, RedisTimeout } from '../../../proxy/redis-script.js';

/** The files of ioredis through which a command goes that it is given. */
const FILES = ['Redis.js', 'DataHandler.js', 'cluster/index.js', 'redis/event_handler.js'];
const OF_OURS = [
  'args',
  'getKeys',
  'getSlot',
  'isTraced',
  'name',
  'promise',
  'reject',
  'resolve',
  'setTimeout',
  'toWritable',
];
/** Of commands that wait for something, that are of a transaction or a pipeline, or that may be sent to a replica. */
const OF_OTHERS = ['extractBlockingTimeout', 'inTransaction', 'isReadOnly', 'pipelineIndex', 'setBlockingTimeout'];

interface Sent {
  getSlot(): number;
  setTimeout(ms: number): void;
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

/** A call of a script, as its client gets it and as its asker hears of it. */
function call(deadlineMs: number | null) {
  const sent: Sent[] = [];
  const redis = { sendCommand: (command: Sent) => sent.push(command) } as unknown as Redis; // nothing else of it is asked
  const heard = new RedisScript('return 1', deadlineMs).run(redis, ['{slot}key'], []);
  const [command] = sent;
  if (command === undefined) throw new Error('nothing was sent');
  return { sent, command, heard };
}

test('this version of ioredis asks of a command what ours has, and nothing else', () => {
  const built = path.dirname(createRequire(import.meta.url).resolve('ioredis'));
  const asked = new Set<string>();
  for (const file of FILES) {
    const text = readFileSync(path.join(built, file), 'utf8');
    for (const [, name] of text.matchAll(/\bcommand\.(\w+)/g)) if (name !== undefined) asked.add(name);
  }
  expect([...asked].toSorted()).toEqual([...OF_OURS, ...OF_OTHERS].toSorted());
  const { command } = call(null);
  expect(OF_OURS.filter((name) => !(name in command))).toEqual([]);
  expect(command.getSlot()).toBe(call(null).command.getSlot());
});

test('an answer is told once, whatever comes behind it', async () => {
  const { command, heard } = call(null);
  command.resolve('first');
  command.resolve('second');
  command.reject(new Error('third'));
  expect(await heard).toBe('first');
});

test('a call without an answer is given up at its own deadline, or at the time that the client gives it', async () => {
  const own = call(1);
  own.command.setTimeout(60_000);
  await expect(own.heard).rejects.toThrow(RedisTimeout);
  own.command.resolve('late'); // and nobody is told
  const clients = call(null);
  clients.command.setTimeout(1);
  await expect(clients.heard).rejects.toThrow(RedisTimeout);
});

test('an answer that has arrived while this process was busy is not late', async () => {
  const { command, heard } = call(1);
  setImmediate(() => command.resolve('arrived')); // as a socket is read
  const beginMs = performance.now();
  while (performance.now() - beginMs < 5);
  expect(await heard).toBe('arrived');
});

test('a Redis that does not know the script is told it once', async () => {
  const { sent, command, heard } = call(null);
  command.reject(new Error('NOSCRIPT No matching script.'));
  expect(sent).toHaveLength(2);
  command.reject(new Error('NOSCRIPT once more'));
  await expect(heard).rejects.toThrow('once more');
  expect(sent).toHaveLength(2);
});
