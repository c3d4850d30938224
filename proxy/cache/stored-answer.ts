/**
 * A cached answer as bytes, for Redis: a version, the length of a JSON head, the head, the body as it is. What cannot
 * be read (another version of us wrote it, or nobody did) is no answer.
 */
import { z } from 'zod';
import { noUnits, otherUnitsSchema, USAGE_UNITS, type UsageUnits } from '../../schema/contracts/usage-units.js';
import { answerHead } from './answer-head.js';
import type { CachedAnswer } from './cached-answer.js';

const VERSION = 2;
const FRAME_BYTES = 5;

const count = z.int().nonnegative();

/** A list: it takes a third of what an object with names does, in bytes and in time. */
const headSchema = z.tuple(
  [
    z.array(z.string()).refine((list) => list.length % 2 === 0), // headers
    z.string().nullable(), // contentEncoding
    z.array(z.string()).nullable(), // vary
    z.string().nullable(), // varyHash
    z.number(), // policyRevision
    z.string().nullable(), // keyDigest
    z.string().nullable(), // requestedModel
    z.enum(['PROVIDER', 'ESTIMATED', 'NONE']), // of the reading: usageSource
    z.string().nullable(), // usageNote
    z.string().nullable(), // model
    z.string().nullable(), // serviceTier
    otherUnitsSchema.nullable(), // its other units
    count, // bytes of the body
  ],
  count, // its units, in the order of USAGE_UNITS
);
type Head = z.infer<typeof headSchema>;

/** An answer that is to be written. */
export interface StorableAnswer {
  readonly head: string;
  readonly headBytes: number;
  readonly body: Buffer;
  /** of all of it */
  readonly bytes: number;
}

export function storable(answer: CachedAnswer): StorableAnswer {
  const { body } = answer;
  const head = answerHead(answer);
  const headBytes = Buffer.byteLength(head);
  return { head, headBytes, body, bytes: FRAME_BYTES + headBytes + body.length };
}

/** `into`: as many bytes as it takes. */
export function writeAnswer(into: Buffer, { head, headBytes, body }: StorableAnswer): void {
  into[0] = VERSION;
  into.writeUInt32BE(headBytes, 1);
  into.write(head, FRAME_BYTES, headBytes === head.length ? 'latin1' : 'utf8'); // of ASCII both are the same
  into.set(body, FRAME_BYTES + headBytes);
}

/** In memory of its own: pieces of a pool keep all of it. */
export function writtenAnswer(answer: StorableAnswer): Buffer {
  const written = Buffer.allocUnsafeSlow(answer.bytes);
  writeAnswer(written, answer);
  return written;
}

/** Null: this is no answer, or not a whole one. */
export function readAnswer(written: Buffer): CachedAnswer | null {
  if (written.length < FRAME_BYTES || written.readUInt8(0) !== VERSION) return null;
  const bodyAt = FRAME_BYTES + written.readUInt32BE(1);
  if (bodyAt > written.length) return null;
  const parsed = headSchema.safeParse(parsedJson(written.subarray(FRAME_BYTES, bodyAt)));
  if (!parsed.success) return null;
  const body = written.subarray(bodyAt);
  return answerOf(parsed.data, body);
}

function answerOf(head: Head, body: Buffer): CachedAnswer | null {
  const [headers, contentEncoding, vary, varyHash, policyRevision, keyDigest, requestedModel, ...about] = head;
  const [usageSource, usageNote, model, serviceTier, other, bodyBytes, ...counts] = about;
  if (body.length !== bodyBytes || counts.length !== USAGE_UNITS.length) return null;
  const reading = { units: unitsOf(counts, other), usageSource, usageNote, model, serviceTier };
  return { headers, body, contentEncoding, vary, varyHash, policyRevision, keyDigest, requestedModel, reading };
}

function unitsOf(counts: readonly number[], other: UsageUnits['other']): UsageUnits {
  const units = noUnits();
  for (const [index, unit] of USAGE_UNITS.entries()) units[unit] = counts[index] ?? 0;
  units.other = other;
  return units;
}

function parsedJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}
