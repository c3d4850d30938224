/** What the tiers tell `npm start` over IPC. */
import { z } from 'zod';

const readySchema = z.object({
  kind: z.literal('ready'),
  accountName: z.string().nullable(),
  /** whether the first account has the gateway `demo` */
  hasDemoGateway: z.boolean(),
  port: z.number(),
});
const firstSignInSchema = z.object({
  kind: z.literal('first-sign-in'),
  email: z.string(),
  /** null: the one of BOOTSTRAP_PASSWORD */
  password: z.string().nullable(),
  account: z.string(),
});
const demoReadySchema = z.object({ kind: z.literal('ready'), port: z.number() });

/** The api serves, and bootstrap has made (or found) the first account. */
export type ApiReady = z.infer<typeof readySchema>;
/** Sent once in an instance's life: the generated password is stored nowhere. */
export type FirstSignIn = z.infer<typeof firstSignInSchema>;

export const asApiReady = (message: unknown): ApiReady | null => readySchema.safeParse(message).data ?? null;
export const asFirstSignIn = (message: unknown): FirstSignIn | null =>
  firstSignInSchema.safeParse(message).data ?? null;
export const asDemoPort = (message: unknown): number | null => demoReadySchema.safeParse(message).data?.port ?? null;
