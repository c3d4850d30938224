/** What the outage's conductor and its load's process say to each other. */
import { z } from 'zod';

export const pacedOrderSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    port: z.int(),
    path: z.string(),
    /** `name: value` */
    headers: z.array(z.string()),
    perSecond: z.number(),
  }),
  /** no further request; those that run end */
  z.object({ kind: z.literal('stop') }),
]);
export type PacedOrder = z.infer<typeof pacedOrderSchema>;

const pacedResultSchema = z.object({
  kind: z.literal('paced'),
  sent: z.int(),
  /** with a 200, seen to the end */
  answered: z.int(),
  /** every other end */
  errors: z.int(),
  firstError: z.string().nullable(),
  /** of those that were answered; null: none was */
  latency: z.object({ p50Ms: z.number(), p99Ms: z.number() }).nullable(),
});
export type PacedResult = z.infer<typeof pacedResultSchema>;

export const asPacedResult = (message: unknown): PacedResult | null =>
  pacedResultSchema.safeParse(message).data ?? null;
