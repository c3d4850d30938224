/** What the bench and the load's process say to each other. */
import { z } from 'zod';

const targetSchema = z.object({
  port: z.number(),
  path: z.string(),
  /** further header lines, `name: value` */
  headers: z.array(z.string()),
  /** of the answers that are expected; 200 without it */
  statusCode: z.number().optional(),
});
/** Where a control takes chat calls, and the upstream itself. */
export const CHAT_PATH = '/v1/chat/completions';
/** Where the load goes, on loopback. */
export type LoadTarget = z.infer<typeof targetSchema>;

export const loadOrderSchema = z.object({
  kind: z.enum(['json', 'sse', 'slow-sse', 'big-body']),
  target: targetSchema,
  connections: z.number(),
  durationMs: z.number(),
  /** requests begun a second, whether earlier ones were answered or not; without it the connections never rest */
  perSecond: z.number().optional(),
});
/** Keep `connections` busy with requests for `durationMs`, then let the running ones end. */
export type LoadOrder = z.infer<typeof loadOrderSchema>;

const timesSchema = z.object({ p50Ms: z.number(), p99Ms: z.number() }).nullable();

export const loadResultSchema = z.object({
  kind: z.literal('result'),
  requests: z.number(),
  /** answers of another status, and connections that broke */
  errors: z.number(),
  /** what the first of them was */
  firstError: z.string().nullable(),
  elapsedMs: z.number(),
  /** from the request's first byte to the answer's last one; null when nothing was measured */
  latency: timesSchema,
  /** from the request's first byte to the first event */
  firstEvent: timesSchema,
  /** from the upstream's write of an event to its arrival, over all events but each answer's first */
  eventDelay: timesSchema,
});
export type LoadResult = z.infer<typeof loadResultSchema>;

export const readySchema = z.object({ kind: z.literal('ready'), port: z.number() });

export const asPort = (message: unknown): number | null => readySchema.safeParse(message).data?.port ?? null;
export const asLoadResult = (message: unknown): LoadResult | null => loadResultSchema.safeParse(message).data ?? null;
