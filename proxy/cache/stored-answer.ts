/**
 * A cached answer as bytes, for Redis: a version, the length of a JSON head, the head, the body as it is. What cannot be
 * read (another version of us wrote it, or nobody did) is no answer.
 */
import { z } from 'zod';
import { otherUnitsSchema, USAGE_UNITS, type UsageUnit } from '../../schema/contracts/usage-units.js';
import type { CachedAnswer } from './cached-answer.js';

const VERSION = 1;
const FRAME_BYTES = 5;

const count = z.int().nonnegative();
const unitCounts = Object.fromEntries(USAGE_UNITS.map((unit) => [unit, count]));
const unitsSchema = z.object({
  ...(unitCounts as Record<UsageUnit, typeof count>), // made of these very names
  other: otherUnitsSchema.nullable(),
});

const headSchema = z.object({
  headers: z.array(z.string()).refine((list) => list.length % 2 === 0),
  contentEncoding: z.string().nullable(),
  vary: z.array(z.string()).nullable(),
  varyHash: z.string().nullable(),
  policyRevision: z.number(),
  keyDigest: z.string().nullable(),
  requestedModel: z.string().nullable(),
  reading: z.object({
    units: unitsSchema,
    usageSource: z.enum(['PROVIDER', 'ESTIMATED', 'NONE']),
    usageNote: z.string().nullable(),
    model: z.string().nullable(),
    serviceTier: z.string().nullable(),
  }),
  bodyBytes: count,
});

/** The answer in one piece, small ones in a pool's memory: most live only until Redis has them. */
export function writtenAnswer(answer: CachedAnswer): Buffer {
  const { body } = answer;
  const head = JSON.stringify({
    headers: answer.headers,
    contentEncoding: answer.contentEncoding,
    vary: answer.vary,
    varyHash: answer.varyHash,
    policyRevision: answer.policyRevision,
    keyDigest: answer.keyDigest,
    requestedModel: answer.requestedModel,
    reading: answer.reading,
    bodyBytes: body.length,
  });
  const headBytes = Buffer.byteLength(head);
  const written = Buffer.allocUnsafe(FRAME_BYTES + headBytes + body.length);
  written[0] = VERSION;
  written.writeUInt32BE(headBytes, 1);
  written.write(head, FRAME_BYTES);
  written.set(body, FRAME_BYTES + headBytes);
  return written;
}

/** Null: this is no answer, or not a whole one. */
export function readAnswer(written: Buffer): CachedAnswer | null {
  if (written.length < FRAME_BYTES || written.readUInt8(0) !== VERSION) return null;
  const bodyAt = FRAME_BYTES + written.readUInt32BE(1);
  if (bodyAt > written.length) return null;
  const parsed = headSchema.safeParse(parsedJson(written.subarray(FRAME_BYTES, bodyAt)));
  if (!parsed.success) return null;
  const { bodyBytes, ...head } = parsed.data;
  const body = written.subarray(bodyAt);
  return body.length === bodyBytes ? { ...head, body } : null;
}

function parsedJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}
