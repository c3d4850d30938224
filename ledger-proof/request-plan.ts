/**
 * What one request of the proof is to be like: how the provider answers it, and whether the client stays. It travels in
 * the request's own body, so that the provider needs to know nothing beforehand.
 */
import { z } from 'zod';
import type { Random } from './random.js';

export const MODEL = 'proof-model';

const OUTCOMES = [
  'whole',
  /** whole, but without usage */
  'untold',
  /** an error of the provider's */
  'error',
  /** the connection breaks in the middle of the answer */
  'cut',
  /** the connection breaks before the answer */
  'no-answer',
  /** nothing comes within the gateway's time */
  'silent',
] as const;

export const requestPlanSchema = z.object({
  isStream: z.boolean(),
  /** the client asks for usage itself; otherwise the proxy asks for it and keeps it from the client */
  asksForUsage: z.boolean(),
  outcome: z.enum(OUTCOMES),
  /** before the answer's first byte */
  delayMs: z.int(),
  /** content deltas of a stream, and the time between two */
  deltas: z.int(),
  intervalMs: z.int(),
  /** null: the client stays to the end */
  leavesAfterMs: z.int().nullable(),
});
export type RequestPlan = z.infer<typeof requestPlanSchema>;

/** Longer than the gateway's `requestTimeoutMs`, which is set so low that the proof need not wait long. */
export const REQUEST_TIMEOUT_MS = 2_000;
export const SILENCE_MS = 3_000;

const STREAM_SHARE = 0.4;
const LEAVING_SHARE = 0.03;
/** Of those that do not leave: outcome → share; the rest are whole. */
const SHARES: readonly (readonly [RequestPlan['outcome'], number])[] = [
  ['untold', 0.02],
  ['error', 0.02],
  ['cut', 0.015],
  ['no-answer', 0.01],
  ['silent', 0.002],
];

export function planRequest(random: Random): RequestPlan {
  const isStream = random.isBelow(STREAM_SHARE);
  const isLong = random.isBelow(0.5); // hundreds of milliseconds: what a kill finds in the middle
  const leavesAfterMs = random.isBelow(LEAVING_SHARE) ? random.integer(0, isStream ? 400 : 20) : null;
  return {
    isStream,
    asksForUsage: random.isBelow(0.5),
    outcome: chooseOutcome(random),
    delayMs: random.integer(0, 30),
    deltas: isLong ? random.integer(8, 30) : random.integer(1, 6),
    intervalMs: isLong ? random.integer(25, 60) : random.integer(0, 8),
    leavesAfterMs,
  };
}

function chooseOutcome(random: Random): RequestPlan['outcome'] {
  let left = random.fraction();
  for (const [outcome, share] of SHARES) {
    if (left < share) return outcome;
    left -= share;
  }
  return 'whole';
}

/**
 * What a record of such a request is refused for, by a constraint that the proof adds: a row that can never be written.
 */
export const POISON = { key: 'poison', value: 'yes' } as const;

export const requestBodySchema = z.object({
  user: z.string(),
  stream: z.boolean().optional(),
  stream_options: z.object({ include_usage: z.boolean() }).optional(),
  metadata: z.object({ proxy: z.int(), plan: requestPlanSchema }),
});

/** The request's body, in OpenAI's words. `user` is the id by which the witnesses' notes are joined. */
export function requestBody(id: string, proxy: number, plan: RequestPlan): string {
  const wishes = plan.isStream
    ? { stream: true, ...(plan.asksForUsage ? { stream_options: { include_usage: true } } : {}) }
    : {};
  const messages = [{ role: 'user', content: `Say something about ${id}, please.` }];
  return JSON.stringify({ model: MODEL, user: id, ...wishes, messages, metadata: { proxy, plan } });
}
