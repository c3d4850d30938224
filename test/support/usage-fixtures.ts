/** Recorded answers with the usage and the cost that they stand for: test/fixtures/usage/<dialect>/<case>.{json,sse}. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { otherUnitsSchema, USAGE_SOURCES, USAGE_UNITS } from '../../schema/contracts/usage-units.js';

const expectedSchema = z.object({
  /** where the answer comes from, and as of when */
  source: z.string(),
  date: z.iso.date(),
  provider: z.string(),
  model: z.string(),
  /** of the request, for what has to be estimated */
  inputTextBytes: z.int(),
  isComplete: z.boolean(),
  /** when it was asked: prices have dates */
  at: z.iso.datetime(),
  usageSource: z.enum(USAGE_SOURCES),
  /** those that are not 0 */
  units: z.partialRecord(z.enum(USAGE_UNITS), z.int()),
  other: otherUnitsSchema.nullable().default(null),
  costUsd: z.string(),
});

export interface UsageFixture {
  readonly name: string;
  readonly dialect: string;
  readonly isStream: boolean;
  readonly answer: Buffer;
  readonly expected: z.infer<typeof expectedSchema>;
}

const FOLDER = fileURLToPath(new URL('../../../test/fixtures/usage/', import.meta.url)); // from dist/test/support

/** All cases of all dialects. Throws on one that is incomplete. */
export function usageFixtures(): readonly UsageFixture[] {
  return readdirSync(FOLDER).flatMap((dialect) =>
    readdirSync(FOLDER + dialect)
      .filter((file) => file.endsWith('.expected.json'))
      .map((file) => readFixture(dialect, file.replace('.expected.json', ''))),
  );
}

function readFixture(dialect: string, name: string): UsageFixture {
  const path = `${FOLDER}${dialect}/${name}`;
  const isStream = readdirSync(FOLDER + dialect).includes(`${name}.sse`);
  const answer = readFileSync(`${path}.${isStream ? 'sse' : 'json'}`);
  const expected = expectedSchema.parse(JSON.parse(readFileSync(`${path}.expected.json`, 'utf8')));
  return { name: `${dialect}/${name}`, dialect, isStream, answer, expected };
}
