/**
 * Meter: reads usage while the bytes pass. It sees every chunk after the client did, never holds one back, never
 * throws, and reads a compressed answer through a bounded decoder at the side.
 */
import type { Transform } from 'node:stream';
import { NOTHING_USED, type AnswerReader, type UsageReading } from '../dialects/dialect.js';
import { unbilledReading } from '../dialects/usage-reading.js';
import type { UpstreamCall } from '../exchange.js';
import type { ProxyStatistics } from '../telemetry/statistics.js';
import { decoderOf } from '../upstream/content-codings.js';

/** What a decoder may give out in all, and per byte it took in; beyond either, counting stops and is estimated. */
const DECODED_BYTES_MAX = 32 * 1024 * 1024;
const DECODED_RATIO_MAX = 100;
/** Below this size the ratio says nothing. */
const DECODED_BYTES_UNSUSPECTED = 1024 * 1024;
/** What may wait for the decoder: an answer that comes faster than it can be decoded is not counted. */
const UNDECODED_BYTES_MAX = 8 * 1024 * 1024;
/** Chunks that may wait for it: they cost memory whatever their size. */
const UNDECODED_CHUNKS_MAX = 16_384;
const ENCODING_SHOWN_MAX = 40;

export interface Meter {
  push(chunk: Buffer): void;
  /** `isComplete`: the answer came to its own end */
  finish(isComplete: boolean): UsageReading | Promise<UsageReading>;
  /** the reading if the answer broke off here; null: there is none */
  soFar(): UsageReading | null;
}

export interface AnswerShape {
  readonly statusCode: number;
  readonly isEventStream: boolean;
  /** null: none */
  readonly contentEncoding: string | null;
  readonly headers: readonly string[];
}

const NO_METER: Meter = { push: () => undefined, finish: () => NOTHING_USED, soFar: () => null };

/** Of an answer that nobody bills. */
export function unmetered(model: string | null): Meter {
  const reading = unbilledReading(model);
  return { push: () => undefined, finish: () => reading, soFar: () => null };
}

/** Counts the answers whose usage a decoder could not read. */
type Counts = Pick<ProxyStatistics, 'undecodedAnswers'>;

export function meter(call: UpstreamCall, answer: AnswerShape, counts: Counts): Meter {
  const { dialect, facts } = call;
  if (dialect === null || facts === null || !call.isBillable || answer.statusCode >= 300) return NO_METER;
  const encoding = answer.contentEncoding;
  const decoder = encoding === null ? null : decoderOf(encoding);
  if (encoding !== null && decoder === null) {
    counts.undecodedAnswers += 1;
    return unreadable(dialect.newDocumentReader(facts, answer.headers), encoding);
  }
  const isStream = answer.isEventStream || facts.isStreaming;
  const reader = isStream
    ? dialect.newStreamReader(facts, answer.headers)
    : dialect.newDocumentReader(facts, answer.headers);
  return decoder === null ? reader : decodedMeter(reader, decoder, counts);
}

function decodedMeter(reader: AnswerReader, decoder: Transform, counts: Counts): Meter {
  let bytesIn = 0;
  let bytesOut = 0;
  let waiting = 0;
  let problem: string | null = null;
  const giveUp = (why: string): void => {
    if (problem !== null) return;
    problem = why;
    counts.undecodedAnswers += 1;
    decoder.destroy();
  };
  const onTaken = (): void => void (waiting -= 1);
  const ended = new Promise<void>((resolve) => {
    decoder.on('data', (chunk: Buffer) => {
      bytesOut += chunk.length;
      const isBomb = bytesOut > DECODED_BYTES_UNSUSPECTED && bytesOut > bytesIn * DECODED_RATIO_MAX;
      if (bytesOut <= DECODED_BYTES_MAX && !isBomb) return reader.push(chunk);
      return giveUp('the decoded answer is too large to count');
    });
    decoder.on('end', resolve).on('close', resolve);
    decoder.on('error', () => {
      giveUp('the encoded answer is damaged');
      resolve();
    });
  });
  return {
    push(chunk) {
      bytesIn += chunk.length;
      if (problem !== null) return;
      waiting += 1;
      decoder.write(chunk, onTaken);
      if (waiting > UNDECODED_CHUNKS_MAX || decoder.writableLength > UNDECODED_BYTES_MAX) {
        giveUp('the encoded answer came faster than it could be decoded');
      }
    },
    soFar: () => reader.soFar(),
    async finish(isComplete) {
      if (problem === null) decoder.end();
      await ended;
      const reading = reader.finish(isComplete && problem === null);
      return problem === null || !isComplete ? reading : unreliable(reading, problem);
    },
  };
}

/** Read as a document that is no JSON, whatever it is: its size alone is known, and stands for the output. */
function unreadable(reader: AnswerReader, encoding: string): Meter {
  const note = `content encoding ${encoding.slice(0, ENCODING_SHOWN_MAX)} cannot be read`;
  return {
    push: (chunk) => reader.push(chunk),
    soFar: () => null,
    finish: () => unreliable(reader.finish(false), note),
  };
}

/** What was read before the counting stopped may not be the last word. */
function unreliable(reading: UsageReading, usageNote: string): UsageReading {
  return { ...reading, usageSource: reading.usageSource === 'NONE' ? 'NONE' : 'ESTIMATED', usageNote };
}
