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

export function writtenAnswer(answer: CachedAnswer): Buffer {
  const { body, ...rest } = answer;
  const head = Buffer.from(JSON.stringify({ ...rest, bodyBytes: body.length }));
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt8(VERSION, 0);
  frame.writeUInt32BE(head.length, 1);
  return Buffer.concat([frame, head, body]);
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
