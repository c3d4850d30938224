/** What the bench and the shipper's process say to each other. */
import { z } from 'zod';

export const shipOrderSchema = z.object({ kind: z.literal('ship'), records: z.int() });
/** Fill a spool with so many records, then ship it. */
export type ShipOrder = z.infer<typeof shipOrderSchema>;

const shipResultSchema = z.object({
  kind: z.literal('shipped'),
  records: z.int(),
  /** of the shipping alone */
  elapsedMs: z.number(),
  /** of the process, all its threads */
  cpuMs: z.number(),
});
export type ShipResult = z.infer<typeof shipResultSchema>;

export const asShipResult = (message: unknown): ShipResult | null => shipResultSchema.safeParse(message).data ?? null;
