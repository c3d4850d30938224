/** What tests read from the environment: what a person may set, and what the global set-up hands to the test files. */
import { z } from 'zod';

const environmentSchema = z.object({
  /** a Postgres to use in place of the embedded one; the login must be a superuser (tests make databases and roles) */
  TEST_DATABASE_URL: z.string().optional(),
  /** `full` multiplies the work of property and load tests */
  TEST_SIZE: z.enum(['normal', 'full']).default('normal'),
  /** `1`: the answers of docs/graphql.md are written instead of compared */
  TEST_RECORD: z.string().optional(),
  TEST_SEED: z.coerce.number().int().optional(),
  /** where scripts/test.mjs found Chromium; the same default */
  CHROMIUM_PATH: z.string().default('/usr/bin/chromium'),
  /** set by global-setup.ts for the test files of its run */
  TEST_RUN_TEMPLATE_URL: z.string().optional(),
  TEST_RUN_TEMPLATE_DAY: z.string().optional(),
  TEST_RUN_FOLDER: z.string().optional(),
});

export const testConfig = environmentSchema.parse(process.env);

/**
 * Hands what the set-up started to the test files: they run in other processes, or, when there is one worker, in this
 * one.
 */
export function handToTestFiles(values: {
  readonly templateUrl: string;
  /** of the days that the template has tables for, the one that was today */
  readonly templateDay: string;
  readonly runFolder: string;
}): void {
  const { templateUrl, templateDay, runFolder } = values;
  const handed = {
    TEST_RUN_TEMPLATE_URL: templateUrl,
    TEST_RUN_TEMPLATE_DAY: templateDay,
    TEST_RUN_FOLDER: runFolder,
  };
  Object.assign(process.env, handed);
  Object.assign(testConfig, handed);
}
