/**
 * Meter: reads usage while the bytes pass. It sees every chunk after the client did, never holds one back, never
 * throws, and reads a compressed answer through a bounded decoder at the side.
 */
import { createBrotliDecompress, createGunzip, createInflate, type Gunzip } from 'node:zlib';
import { noUnits } from '../../schema/contracts/usage-units.js';
import type { AnswerReader, UsageReading } from '../dialects/dialect.js';
import type { UpstreamCall } from '../exchange.js';

/** What a decoder may give out in all, and per byte it took in; beyond either, counting stops and is estimated. */
const DECODED_BYTES_MAX = 32 * 1024 * 1024;
const DECODED_RATIO_MAX = 100;
/** Below this size the ratio says nothing. */
const DECODED_BYTES_UNSUSPECTED = 1024 * 1024;

export interface Meter {
  push(chunk: Buffer): void;
  /** `isComplete`: the answer came to its own end */
  finish(isComplete: boolean): UsageReading | Promise<UsageReading>;
}

export interface AnswerShape {
  readonly statusCode: number;
  readonly isEventStream: boolean;
  readonly contentEncoding: string | null;
}

/** Nothing was used: no dialect, or the provider refused. */
export const NOTHING_USED: UsageReading = Object.freeze({
  units: noUnits(),
  usageSource: 'NONE',
  usageNote: null,
  model: null,
  serviceTier: null,
});

const NO_METER: Meter = { push: () => undefined, finish: () => NOTHING_USED };

export function meter(call: UpstreamCall, answer: AnswerShape): Meter {
  const { dialect, facts } = call;
  if (dialect === null || facts === null || !call.isBillable || answer.statusCode >= 300) return NO_METER;
  const isStream = answer.isEventStream || facts.isStreaming;
  const reader = isStream ? dialect.newStreamReader(facts) : dialect.newDocumentReader(facts);
  const encoding = answer.contentEncoding;
  return encoding === null || encoding === 'identity' ? reader : decodedMeter(reader, encoding);
}

function decodedMeter(reader: AnswerReader, encoding: string): Meter {
  const decoder = decoderOf(encoding);
  if (decoder === null) return unreadable(reader, `content encoding ${encoding} cannot be read`);
  let bytesIn = 0;
  let bytesOut = 0;
  let problem: string | null = null;
  const ended = new Promise<void>((resolve) => {
    decoder.on('data', (chunk: Buffer) => {
      bytesOut += chunk.length;
      const isBomb = bytesOut > DECODED_BYTES_UNSUSPECTED && bytesOut > bytesIn * DECODED_RATIO_MAX;
      if (bytesOut <= DECODED_BYTES_MAX && !isBomb) return reader.push(chunk);
      problem ??= 'the decoded answer is too large to count';
      decoder.destroy();
      return undefined;
    });
    decoder.on('end', resolve).on('close', resolve);
    decoder.on('error', () => {
      problem ??= 'the encoded answer is damaged';
      resolve();
    });
  });
  return {
    push(chunk) {
      bytesIn += chunk.length;
      if (problem === null) decoder.write(chunk);
    },
    async finish(isComplete) {
      if (problem === null) decoder.end();
      await ended;
      const reading = reader.finish(isComplete && problem === null);
      return problem === null || !isComplete ? reading : { ...reading, usageNote: problem };
    },
  };
}

function decoderOf(encoding: string): Gunzip | null {
  switch (encoding.toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      return null;
  }
}

function unreadable(reader: AnswerReader, note: string): Meter {
  return { push: () => undefined, finish: () => ({ ...reader.finish(false), usageNote: note }) };
}
