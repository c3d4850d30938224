import * as zlib from 'node:zlib';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maskedBytes, maskingSink } from '../../../../proxy/upstream/answer-echoes.js';
import type { AnswerSink } from '../../../../proxy/upstream/upstream-exchange.js';
import { propertyRuns } from '../../../support/test-size.js';
import { zstdFrame } from '../../../support/zstd-frame.js';

class Collected implements AnswerSink {
  text = '';
  outcome: 'open' | 'ended' | 'failed' = 'open';
  isStopped = false;

  data(chunk: Buffer): boolean {
    this.text += chunk.toString('latin1');
    return true;
  }

  end(): void {
    this.outcome = 'ended';
  }

  error(): void {
    this.outcome = 'failed';
  }
}

const unrefused = (): never => {
  throw new Error('what is masked is not refused');
};

const SECRETS = ['sk-secret-one', 'another-secret'];
const masked = (text: string): string => {
  let seen = text;
  for (const secret of SECRETS) seen = seen.replaceAll(secret, '*'.repeat(secret.length));
  return seen;
};

test('however an answer is cut into chunks, its secrets are masked and everything else passes, in its length', () => {
  const pieces = fc.array(fc.oneof(fc.constantFrom(...SECRETS, 'sk-secret-', 'an', ' '), fc.string()), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(pieces, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (texts, sizes) => {
      const bytes = Buffer.from(texts.join(''));
      const collected = new Collected();
      const sink = maskingSink(collected, SECRETS, null, unrefused);
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        sink.data(bytes.subarray(at, at + size));
        at += size;
      }
      sink.end();
      expect(collected).toMatchObject({ text: masked(bytes.toString('latin1')), outcome: 'ended' });
    }),
    propertyRuns,
  );
});

test('an answer that breaks off gives what had come, masked', () => {
  const collected = new Collected();
  const sink = maskingSink(collected, SECRETS, null, unrefused);
  sink.data(Buffer.from('bad key sk-secret-one; half of it: sk-sec'));
  sink.error(new Error('reset'));
  expect(collected).toMatchObject({ text: masked('bad key sk-secret-one; half of it: sk-sec'), outcome: 'failed' });
});

const through = (bytes: Buffer, encoding: string): Collected => {
  const collected = new Collected();
  const sink = maskingSink(collected, SECRETS, encoding, () => void (collected.isStopped = true));
  sink.data(bytes.subarray(0, 5));
  sink.data(bytes.subarray(5));
  sink.end();
  return collected;
};
const REFUSED = { text: '', outcome: 'failed', isStopped: true };

test('an encoded answer passes whole when it holds no secret, and fails when it does or cannot be read', () => {
  const harmless = gzipSync('no secret here');
  for (const [bytes, encoding] of [
    [harmless, 'gzip'],
    [harmless, 'identity, GZIP'],
    [brotliCompressSync(harmless), 'gzip, br'],
  ] as const) {
    const passed = { text: bytes.toString('latin1'), outcome: 'ended', isStopped: false };
    expect([encoding, through(bytes, encoding)]).toEqual([encoding, expect.objectContaining(passed)]);
  }
  for (const [bytes, encoding] of [
    [gzipSync('bad key sk-secret-one'), 'gzip'],
    [brotliCompressSync(gzipSync('bad key sk-secret-one')), 'gzip, br'],
    [gzipSync(brotliCompressSync(harmless)), 'gzip, br, gzip'],
    [gzipSync(gzipSync(Buffer.alloc(20 * 1024 * 1024))), 'gzip, gzip'],
    [brotliCompressSync('bad key sk-secret-one'), 'br'],
    [Buffer.from('not gzip'), 'gzip'],
    [Buffer.from('whatever'), 'unheard-of'],
    [gzipSync(Buffer.alloc(20 * 1024 * 1024)), 'gzip'],
  ] as const) {
    expect([encoding, through(bytes, encoding)]).toEqual([encoding, expect.objectContaining(REFUSED)]);
  }
});

test('an answer in zstd is looked through where Node can, else it is refused', () => {
  const harmless = zstdFrame('no secret here');
  const passed = { text: harmless.toString('latin1'), outcome: 'ended', isStopped: false };
  expect(through(harmless, 'zstd')).toMatchObject('zstdDecompressSync' in zlib ? passed : REFUSED);
  expect(through(zstdFrame('bad key sk-secret-one'), 'zstd')).toMatchObject(REFUSED);
});

test('a log keeps an answer without secrets as it is, masks the others, and drops what it cannot look through', () => {
  const harmless = Buffer.from('harmless');
  expect(maskedBytes(harmless, SECRETS, null)).toBe(harmless);
  expect(maskedBytes(harmless, [], 'gzip')).toBe(harmless);
  const original = Buffer.from('bad key sk-secret-one');
  expect(Buffer.from(maskedBytes(original, SECRETS, null) ?? '').toString()).toBe('bad key *************');
  expect(original.toString()).toBe('bad key sk-secret-one');
  expect(maskedBytes(gzipSync('bad key sk-secret-one'), SECRETS, 'gzip')).toBeNull();
});
