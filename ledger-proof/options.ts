/** What `npm run ledger-proof -- …` was asked for. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { MUTATIONS, type Mutation } from './mutation.js';

export const DURABILITIES = ['process', 'host'] as const;

export interface ProofOptions {
  /** at least so many are sent; more while faults are still being made */
  readonly requests: number;
  readonly faults: number;
  readonly seed: number;
  readonly durability: (typeof DURABILITIES)[number];
}

export interface RunOptions extends ProofOptions {
  /** null: none. The run must then end with an error: the checker has found what was changed. */
  readonly mutation: Mutation | null;
  /** leaves the folder with the witnesses' files and the proxies' logs */
  readonly keepsFolder: boolean;
}

const whole = (least: number): z.ZodType<number> =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(least));

const optionsSchema = z.object({
  requests: whole(1),
  faults: whole(0),
  seed: whole(0).optional(),
  durability: z.enum(DURABILITIES),
  mutate: z.enum(MUTATIONS).optional(),
  keep: z.boolean(),
});

/** Throws on an option that does not exist or cannot be used, naming it. */
export function parseOptions(args: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      requests: { type: 'string', default: '5000' },
      faults: { type: 'string', default: '12' },
      seed: { type: 'string' },
      durability: { type: 'string', default: 'process' },
      mutate: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const { success, data, error } = optionsSchema.safeParse(values);
  if (!success) throw new Error(error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`).join('\n'));
  const { requests, faults, durability, keep } = data;
  const seed = data.seed ?? Math.trunc(Math.random() * 1_000_000_000);
  return { requests, faults, seed, durability, mutation: data.mutate ?? null, keepsFolder: keep };
}
