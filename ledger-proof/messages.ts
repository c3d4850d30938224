/** What the conductor and its programs say to each other, over the channel that Node opens between them. */
import { z } from 'zod';
import { verdictSchema, type Verdict } from './verdict.js';

export const clientOrderSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    folder: z.string(),
    /** of the proxies */
    ports: z.array(z.int()),
    path: z.string(),
    seed: z.int(),
    requests: z.int(),
    perSecond: z.number(),
  }),
  /** so many of the next requests are to have a record that Postgres refuses */
  z.object({ kind: z.literal('poison'), count: z.int() }),
  /** the faults are over: end with the last of the wanted requests */
  z.object({ kind: z.literal('enough') }),
]);
export type ClientOrder = z.infer<typeof clientOrderSchema>;

export const upstreamOrderSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), folder: z.string(), seed: z.int() }),
  /** how many streams of this proxy are in their middle */
  z.object({ kind: z.literal('streams'), proxy: z.int() }),
  /** end what is still open, and close the notes */
  z.object({ kind: z.literal('finish') }),
]);
export type UpstreamOrder = z.infer<typeof upstreamOrderSchema>;

const replySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('started'), port: z.int() }),
  z.object({ kind: z.literal('streams'), proxy: z.int(), count: z.int() }),
  z.object({ kind: z.literal('done'), sent: z.int() }),
  z.object({ kind: z.literal('verdict'), verdict: verdictSchema }),
]);
export type Reply = z.infer<typeof replySchema>;

/** For `Program.message`: the replies of one kind. */
export function replyOf<K extends Reply['kind']>(kind: K): (message: unknown) => Extract<Reply, { kind: K }> | null {
  return (message) => {
    const { data } = replySchema.safeParse(message);
    // The kind decides which member of the union it is.
    return data?.kind === kind ? (data as Extract<Reply, { kind: K }>) : null;
  };
}

/** From inside a program. */
export function reply(message: Reply): void {
  process.send?.(message);
}

export const asVerdict = (message: unknown): Verdict | null => replyOf('verdict')(message)?.verdict ?? null;
