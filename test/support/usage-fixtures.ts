/**
 * The usage corpus: providers' answers with the usage and the cost that they stand for, in
 * test/fixtures/usage/<dialect>/<case>.{json,sse,bin} with <case>.expected.json (its README tells the format).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { otherUnitsSchema, USAGE_SOURCES, USAGE_UNITS } from '../../schema/contracts/usage-units.js';

const countsSchema = z.partialRecord(z.enum(USAGE_UNITS), z.int());
const expectedSchema = z.strictObject({
  /** where the answer comes from, as of when, and under which licence */
  source: z.string().min(10),
  date: z.iso.date(),
  licence: z.string().min(3),
  /** what was changed of the sourced answer, where no source has the kind */
  derived: z.string().optional(),
  /** long texts, vectors and middle events are left out: nothing that the usage depends on */
  trimmed: z.literal(true).optional(),
  kinds: z.array(z.string()).min(1),
  provider: z.string(),
  /** the provider's own path, as the gateway calls it */
  path: z.string(),
  /** what of the request matters: its model, its texts where the usage has to be estimated */
  request: z.record(z.string(), z.unknown()),
  /** in place of the request's texts */
  inputTextBytes: z.int().optional(),
  status: z.int().default(200),
  /** those of the answer that tell its usage */
  headers: z.record(z.string(), z.string()).default({}),
  isComplete: z.boolean(),
  /** when it was asked: prices have dates */
  at: z.iso.datetime(),
  /** the name that prices go by */
  model: z.string(),
  serviceTier: z.string().nullable(),
  usageSource: z.enum(USAGE_SOURCES),
  /** those that are not 0 */
  units: countsSchema,
  other: otherUnitsSchema.nullable().default(null),
  /** how the units follow from what the provider documents */
  worked: z.string(),
  /** prices that the price source lacks (a service tier's), in USD for a million, with the page that tells them */
  rates: z
    .strictObject({ source: z.string(), perMillion: z.partialRecord(z.enum(USAGE_UNITS), z.string()) })
    .optional(),
  /** what the provider itself said that the answer costs */
  reportedCostUsd: z.string().optional(),
  costStatus: z.enum(['PRICED', 'ESTIMATED', 'UNPRICED', 'NOT_BILLABLE']),
  costPico: z.string().regex(/^\d+$/).nullable(),
});
export type ExpectedUsage = z.infer<typeof expectedSchema>;

export interface UsageFixture {
  readonly name: string;
  readonly dialect: string;
  readonly isStream: boolean;
  readonly contentType: string;
  readonly answer: Buffer;
  readonly expected: ExpectedUsage;
}

const FOLDER = fileURLToPath(new URL('../../../test/fixtures/usage/', import.meta.url)); // from dist/test/support
const FRAMES = 'application/vnd.amazon.eventstream';
const CONTENT_TYPES = new Map([
  ['json', 'application/json'],
  ['sse', 'text/event-stream'],
  ['bin', 'audio/mpeg'],
]);

/** All cases of all dialects. Throws on one that is incomplete. */
export function usageFixtures(): readonly UsageFixture[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: dialect }) => {
      const files = new Set(readdirSync(FOLDER + dialect));
      const cases = [...files].filter((file) => file.endsWith('.expected.json'));
      return cases.map((file) => readFixture(dialect, file.slice(0, -'.expected.json'.length), files));
    });
}

function readFixture(dialect: string, name: string, files: ReadonlySet<string>): UsageFixture {
  const extension = [...CONTENT_TYPES.keys()].find((each) => files.has(`${name}.${each}`));
  if (extension === undefined) throw new Error(`${dialect}/${name} has no answer`);
  const answer = readFileSync(`${FOLDER}${dialect}/${name}.${extension}`);
  const text = readFileSync(`${FOLDER}${dialect}/${name}.expected.json`, 'utf8');
  const { data: expected, error } = expectedSchema.safeParse(JSON.parse(text));
  if (expected === undefined) throw new Error(`${dialect}/${name}: ${error.message}`);
  const isFramed = extension === 'bin' && expected.path.endsWith('-stream');
  const contentType = isFramed ? FRAMES : (CONTENT_TYPES.get(extension) ?? '');
  return {
    name: `${dialect}/${name}`,
    dialect,
    isStream: isFramed || extension === 'sse',
    contentType,
    answer,
    expected,
  };
}
