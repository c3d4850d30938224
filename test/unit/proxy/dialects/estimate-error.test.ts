/**
 * How far estimates are from what providers reported: every answer of the corpus read again without its usage, and
 * requests whose input is known. Prints what docs/usage.md says.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Dialect } from '../../../../proxy/dialects/dialect.js';
import { estimateTokens } from '../../../../proxy/dialects/estimate.js';
import { selectDialect } from '../../../../proxy/dialects/select-dialect.js';
import { EVERY_DIALECT } from '../../../support/every-dialect.js';

const FIXTURES = fileURLToPath(new URL('../../../../../test/fixtures/', import.meta.url)); // from dist/test/unit/proxy/dialects

const caseSchema = z.object({
  provider: z.string(),
  path: z.string().optional(),
  isComplete: z.boolean(),
  usageSource: z.string(),
  /** an answer whose text is not whole, or not the one that its usage is of */
  trimmed: z.unknown().optional(),
  derived: z.unknown().optional(),
  units: z.object({
    outputTokens: z.int().default(0),
    reasoningTokens: z.int().default(0),
    audioOutputTokens: z.int().default(0),
    imageOutputTokens: z.int().default(0),
  }),
});
const USAGE_MEMBERS = new Set(['usage', 'usageMetadata', 'meta', 'x_groq', 'amazon-bedrock-invocationMetrics']);

interface Estimate {
  readonly name: string;
  readonly isReasoned: boolean;
  readonly estimated: number;
  readonly reported: number;
}

function withoutUsage(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUsage);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([name]) => !USAGE_MEMBERS.has(name));
  return Object.fromEntries(members.map(([name, member]) => [name, withoutUsage(member)]));
}

/** The answer with its usage left out, of a document or of each event. */
function stripped(text: string, isStream: boolean): string {
  if (!isStream) return JSON.stringify(withoutUsage(JSON.parse(text)));
  return text.replace(
    /^data: ?(\{.*\})\r?$/gm,
    (_line, json: string) => `data: ${JSON.stringify(withoutUsage(JSON.parse(json)))}`,
  );
}

const FACTS = {
  model: 'm',
  isStreaming: false,
  systemText: null,
  serviceTier: null,
  inputTextBytes: 0,
  otherUnits: null,
};

/** What the case's output would have been taken for; null: it is no text, or not whole. */
function outputEstimate(folder: string, name: string, files: readonly string[]): Estimate | null {
  const isStream = files.includes(`${name}.sse`);
  if (!isStream && !files.includes(`${name}.json`)) return null;
  const told = caseSchema.safeParse(
    JSON.parse(readFileSync(`${FIXTURES}usage/${folder}/${name}.expected.json`, 'utf8')),
  );
  if (!told.success || told.data.trimmed !== undefined || told.data.derived !== undefined) return null;
  const { provider, path, isComplete, usageSource, units } = told.data;
  const { outputTokens, reasoningTokens, audioOutputTokens, imageOutputTokens } = units;
  const reported = outputTokens + reasoningTokens;
  if (usageSource !== 'PROVIDER' || !isComplete || reported === 0 || audioOutputTokens + imageOutputTokens > 0)
    return null;
  const dialect = path === undefined ? dialectNamed(folder) : selectDialect(provider, 'POST', path).dialect;
  if (dialect === null) return null;
  const answer = readFileSync(`${FIXTURES}usage/${folder}/${name}.${isStream ? 'sse' : 'json'}`, 'utf8');
  if (isStream && !answer.includes('data:')) return null; // one streamed array
  const reader = isStream ? dialect.newStreamReader(FACTS) : dialect.newDocumentReader(FACTS);
  reader.push(Buffer.from(stripped(answer, isStream)));
  const reading = reader.finish(true);
  const estimated = reading.units.outputTokens + reading.units.reasoningTokens;
  return { name: `${folder}/${name}`, isReasoned: reasoningTokens > 0, estimated, reported };
}

const dialectNamed = (name: string): Dialect | null => EVERY_DIALECT.find((dialect) => dialect.name === name) ?? null;

function outputEstimates(): Estimate[] {
  const folders = readdirSync(`${FIXTURES}usage`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name: folder }) => {
    const files = readdirSync(`${FIXTURES}usage/${folder}`);
    const names = files
      .filter((file) => file.endsWith('.expected.json'))
      .map((file) => file.slice(0, -'.expected.json'.length));
    return names.map((name) => outputEstimate(folder, name, files)).filter((estimate) => estimate !== null);
  });
}

const inputsSchema = z.object({
  cases: z.array(z.object({ path: z.string(), inputTokens: z.int(), request: z.record(z.string(), z.unknown()) })),
});

function inputEstimates(): Estimate[] {
  const { cases } = inputsSchema.parse(JSON.parse(readFileSync(`${FIXTURES}estimates/inputs.json`, 'utf8')));
  return cases.map(({ path, inputTokens, request }) => {
    const facts = selectDialect('openai', 'POST', path).dialect?.readRequest(request, path);
    return {
      name: path,
      isReasoned: false,
      estimated: estimateTokens(facts?.inputTextBytes ?? 0),
      reported: inputTokens,
    };
  });
}

/** The share of cases, 0 … 1, whose relative error is not above the result. */
function errorAt(share: number, estimates: readonly Estimate[]): number {
  const errors = estimates
    .map(({ estimated, reported }) => Math.abs(estimated - reported) / reported)
    .sort((a, b) => a - b);
  return errors[Math.min(errors.length - 1, Math.floor(errors.length * share))] ?? Number.NaN;
}

function report(what: string, estimates: readonly Estimate[]): void {
  const percent = (share: number): string => `${Math.round(errorAt(share, estimates) * 100)} %`;
  process.stdout.write(
    `estimates of ${what}: median ${percent(0.5)}, p90 ${percent(0.9)} off, ${estimates.length} cases\n`,
  );
}

test('what estimates are off by is printed, and bounded where the text was seen', () => {
  const outputs = outputEstimates();
  const visible = outputs.filter(({ isReasoned }) => !isReasoned);
  report('output', visible);
  report(
    'output with reasoning, which providers hide',
    outputs.filter(({ isReasoned }) => isReasoned),
  );
  report('input', inputEstimates());
  expect(visible.length).toBeGreaterThan(5);
  expect(errorAt(0.5, visible)).toBeLessThan(0.6);
});
