/** Logs of every kind for tests of filters and orders, and a plain statement of what each filter and order means. */
import fc from 'fast-check';
import type pg from 'pg';
import { usdFromPico } from '../../schema/contracts/decimal.js';
import { createLog } from './seed.js';

const HOUR_MS = 3_600_000;

/** A log as the model knows it; values are those that hold now. */
export interface ModelLog {
  readonly id: string;
  readonly atMs: number;
  readonly provider: string;
  readonly model: string | null;
  readonly path: string;
  readonly statusCode: number;
  readonly errorCode: number | null;
  readonly cached: boolean;
  readonly interrupted: boolean;
  readonly costPico: bigint | null;
  readonly durationMs: number;
  readonly tokensIn: number;
  readonly tokensOut: number;
  readonly feedback: number | null;
  readonly metadata: Readonly<Record<string, string | number | boolean>> | null;
}

export type ModelFilter = Readonly<Record<string, unknown>>;

const pick = <T>(values: readonly T[], index: number): T => {
  const value = values[index % values.length];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
};

/**
 * Seeds `count` logs, of which some were deleted, repriced, rated or given other metadata, and answers those to be
 * seen.
 */
export async function seedLogs(
  owner: pg.Pool,
  of: { readonly accountId: string; readonly gatewayId: string },
  count: number,
): Promise<ModelLog[]> {
  const now = Date.now();
  const seen: ModelLog[] = [];
  for (let index = 0; index < count; index++) {
    const isUnpriced = index % 11 === 3;
    const cost = BigInt((index * 37) % 9) * 1_000_000n;
    const metadata = pick([null, { team: 'a', run: index % 3 }, { team: 'b%_' }, { team: 'a', live: true }, {}], index);
    const log = {
      atMs: now - ((index * 7) % count) * 2 * HOUR_MS - index,
      provider: pick(['openai', 'anthropic', 'Azure', 'ätna'], index * 3),
      model: pick(['gpt-4o', 'gpt-4o-mini', null, 'claude', 'Über'], index),
      path: pick(['chat/completions', 'embeddings', 'images/generations'], index),
      statusCode: pick([200, 200, 429, 502, 200], index),
      errorCode: pick([null, null, 2003, 2005, null], index),
      cached: index % 4 === 0,
      interrupted: index % 13 === 5,
      durationMs: (index * 31) % 17,
      tokensIn: (index * 5) % 7,
      tokensOut: index % 3,
    };
    const isRepriced = index % 6 === 1;
    const later = index % 5 === 2 ? { team: 'c', run: 7 } : null;
    const feedback = pick([null, 1, null, -1, null, null], index);
    const isDeleted = index % 9 === 8;
    const hasBodies = later !== null || feedback !== null || isDeleted;
    const id = await createLog(owner, of, {
      atMs: log.atMs,
      columns: {
        provider: log.provider,
        model: log.model,
        path: log.path,
        status_code: log.statusCode,
        error_code: log.errorCode,
        cached: log.cached,
        interrupted: log.interrupted,
        duration_ms: log.durationMs,
        input_tokens: log.tokensIn,
        output_tokens: log.tokensOut,
        cost_pico: isUnpriced ? null : cost.toString(),
        cost_status: isUnpriced ? 'UNPRICED' : 'PRICED',
        metadata: metadata === null ? null : JSON.stringify(metadata),
      },
      ...(hasBodies
        ? {
            bodies: {
              feedback,
              later_metadata: later === null ? null : JSON.stringify(later),
              deleted_at: isDeleted ? new Date() : null,
            },
          }
        : {}),
    });
    if (isRepriced) await reprice(owner, id, 2_500_000n);
    if (isDeleted) continue;
    const before = isUnpriced ? null : cost;
    seen.push({
      ...log,
      id,
      costPico: isRepriced ? (before ?? 0n) + 2_500_000n : before,
      feedback,
      metadata: later === null ? metadata : { ...metadata, ...later },
    });
  }
  return seen;
}

/** An adjusting entry, as a recalculation writes one. */
export async function reprice(owner: pg.Pool, id: string, differencePico: bigint): Promise<void> {
  await owner.query(
    `INSERT INTO usage_record (day, id, kind, adjusts, account_id, gateway_id, event_id, config_version, created_at,
       provider, model, method, path, status_code, cached, streamed, client_aborted, interrupted, duration_ms,
       input_tokens, cached_input_tokens, cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens,
       audio_input_tokens, audio_output_tokens, image_input_tokens, image_output_tokens, requests, web_searches,
       usage_source, cost_pico, cost_status, is_log, log_retention_days, request_count, request_bytes, response_bytes,
       attempts, metadata)
     SELECT day, gen_random_uuid(), 'ADJUSTMENT', id, account_id, gateway_id, event_id, config_version, created_at,
       provider, model, method, path, status_code, cached, streamed, client_aborted, interrupted, duration_ms,
       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'NONE', $2, 'PRICED', false, log_retention_days, 0, 0, 0, '[]', metadata
     FROM usage_record WHERE id = $1`,
    [id, differencePico.toString()],
  );
}

/** Any filter of the contract, and any condition of the wire that the seeded logs can tell apart. */
export const anyFilter = (nowMs: number): fc.Arbitrary<ModelFilter> => {
  const at = fc.integer({ min: 0, max: 120 }).map((hours) => new Date(nowMs - hours * HOUR_MS).toISOString());
  const usd = fc.integer({ min: -1, max: 9 }).map((micro) => usdFromPico(BigInt(micro) * 1_000_000n));
  const parts = {
    from: at,
    to: at,
    statusCodes: fc.subarray([200, 429, 502, 404], { minLength: 1 }),
    success: fc.boolean(),
    cached: fc.boolean(),
    providers: fc.subarray(['openai', 'Azure', 'ätna', 'none'], { minLength: 1 }),
    models: fc.subarray(['gpt-4o', 'claude', 'Über'], { minLength: 1 }),
    errorCodes: fc.subarray([2003, 2005], { minLength: 1 }),
    feedback: fc.subarray([1, -1], { minLength: 1 }),
    metadata: fc.subarray(
      [{ key: 'team', value: 'a' }, { key: 'team', value: 'c' }, { key: 'run', value: '1' }, { key: 'live' }],
      { minLength: 1, maxLength: 2 },
    ),
    minCostUsd: usd,
    maxCostUsd: usd,
    minDurationMs: fc.integer({ min: 0, max: 17 }),
    maxDurationMs: fc.integer({ min: 0, max: 17 }),
    minTokens: fc.integer({ min: 0, max: 8 }).map(String),
    maxTokens: fc.integer({ min: 0, max: 8 }).map(String),
    search: fc.constantFrom('team', 'B%', '_', 'EMBED', 'mini', 'limited', 'provider', 'zzz'),
    where: fc.array(anyCondition, { minLength: 1, maxLength: 2 }),
  };
  return fc
    .record(parts, { requiredKeys: [] })
    .chain((all) => fc.subarray(Object.entries(all), { maxLength: 3 }))
    .map((entries) => Object.fromEntries(entries))
    .filter(({ from, to }) => from === undefined || to === undefined || JSON.stringify(from) < JSON.stringify(to));
};

const condition = (field: string, operators: readonly string[], values: readonly string[], more = {}) =>
  fc.record({
    field: fc.constant(field),
    operator: fc.constantFrom(...operators),
    values: fc.subarray([...values], { minLength: 1 }),
    ...Object.fromEntries(Object.entries(more).map(([key, value]) => [key, fc.constant(value)])),
  });
const anyCondition = fc.oneof(
  condition('PROVIDER', ['EQ', 'NEQ', 'CONTAINS'], ['openai', 'a', 'zu']),
  condition('MODEL', ['EQ', 'NEQ', 'CONTAINS'], ['gpt-4o', 'mini', 'none']),
  condition('COST', ['EQ', 'NEQ', 'LT', 'GT'], ['0.000003', '0.0000025']),
  condition('TOKENS_OUT', ['EQ', 'NEQ', 'LT', 'GT'], ['1', '2']),
  condition('FEEDBACK', ['EQ', 'NEQ', 'LT', 'GT'], ['1', '-1']),
  condition('METADATA', ['EQ', 'NEQ', 'CONTAINS'], ['a', '7', '%'], { metadataKey: 'team' }),
  condition('METADATA_KEY', ['EQ', 'NEQ', 'CONTAINS'], ['team', 'run', 'EA']),
  condition('METADATA_VALUE', ['EQ', 'NEQ', 'CONTAINS'], ['a', '7', '%']),
  condition('WHOLESALE', ['EQ', 'NEQ'], ['true', 'false']),
  condition('DLP_ACTION', ['EQ', 'NEQ'], ['BLOCK']),
);

interface Condition {
  readonly field: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** Whether a log is kept by a filter. */
export function keeps(filter: ModelFilter, log: ModelLog): boolean {
  return Object.entries(filter).every(([name, value]) => KEPT[name]?.(log, value as never)); // as `anyFilter` made it
}

const inside = <T>(list: readonly T[], value: T | null): boolean => value !== null && list.includes(value);
const pico = (usd: string): bigint => BigInt(Math.round(Number(usd) * 1e12));
const KEPT: Readonly<Record<string, (log: ModelLog, value: never) => boolean>> = {
  from: (log, value: string) => log.atMs >= Date.parse(value),
  to: (log, value: string) => log.atMs < Date.parse(value),
  statusCodes: (log, value: number[]) => inside(value, log.statusCode),
  success: (log, value: boolean) => (log.statusCode < 400 && !log.interrupted) === value,
  cached: (log, value: boolean) => log.cached === value,
  providers: (log, value: string[]) => inside(value, log.provider),
  models: (log, value: string[]) => inside(value, log.model),
  errorCodes: (log, value: number[]) => inside(value, log.errorCode),
  feedback: (log, value: number[]) => inside(value, log.feedback),
  metadata: (log, value: { key: string; value?: string }[]) =>
    value.every((pair) => {
      const found = log.metadata?.[pair.key];
      return found !== undefined && (pair.value === undefined || String(found) === pair.value);
    }),
  minCostUsd: (log, value: string) => log.costPico !== null && log.costPico >= pico(value),
  maxCostUsd: (log, value: string) => log.costPico !== null && log.costPico <= pico(value),
  minDurationMs: (log, value: number) => log.durationMs >= value,
  maxDurationMs: (log, value: number) => log.durationMs <= value,
  minTokens: (log, value: string) => log.tokensIn + log.tokensOut >= Number(value),
  maxTokens: (log, value: string) => log.tokensIn + log.tokensOut <= Number(value),
  search: (log, value: string) =>
    [
      log.path,
      log.model ?? '',
      messageOf(log.errorCode),
      ...Object.entries(log.metadata ?? {})
        .flat()
        .map(String),
    ].some((text) => text.toLowerCase().includes(value.toLowerCase())),
  where: (log, value: Condition[]) => value.every((one) => meets(one, log)),
};

const messageOf = (code: number | null): string =>
  code === 2003 ? 'Rate limited' : code === 2005 ? 'Failed to get response from provider' : '';

function meets({ field, operator, values }: Condition, log: ModelLog): boolean {
  const entries = { METADATA_KEY: Object.keys, METADATA_VALUE: Object.values }[field];
  if (entries !== undefined) {
    const texts = entries(log.metadata ?? {}).map(String);
    const isMet = (text: string): boolean => holds(text, operator === 'NEQ' ? 'EQ' : operator, values, values);
    return operator === 'NEQ' ? !texts.some(isMet) : texts.some(isMet);
  }
  const own = {
    PROVIDER: log.provider,
    MODEL: log.model,
    COST: log.costPico,
    TOKENS_OUT: log.tokensOut,
    FEEDBACK: log.feedback,
    METADATA: log.metadata?.['team'] === undefined ? null : String(log.metadata['team']),
    WHOLESALE: 'false',
    DLP_ACTION: '',
  }[field];
  if (own === null || own === undefined) return operator === 'NEQ';
  const wanted = values.map((text) =>
    typeof own === 'bigint' ? pico(text) : typeof own === 'number' ? Number(text) : text,
  );
  return holds(own, operator, values, wanted);
}

function holds<T extends bigint | number | string>(
  own: T,
  operator: string,
  values: readonly string[],
  wanted: readonly (bigint | number | string)[],
): boolean {
  if (operator === 'EQ') return wanted.some((value) => value === own);
  if (operator === 'NEQ') return wanted.every((value) => value !== own);
  if (operator === 'LT') return wanted.some((value) => own < value);
  if (operator === 'GT') return wanted.some((value) => own > value);
  return values.some((text) => String(own).toLowerCase().includes(text.toLowerCase()));
}

/** What each order sorts by, ascending. */
export const ORDERED: Readonly<Record<string, (log: ModelLog) => bigint | number | string>> = {
  CREATED_AT: () => 0,
  COST: ({ costPico }) => costPico ?? -1n,
  DURATION: ({ durationMs }) => durationMs,
  TOKENS_IN: ({ tokensIn }) => tokensIn,
  TOKENS_OUT: ({ tokensOut }) => tokensOut,
  PROVIDER: ({ provider }) => provider,
  MODEL: ({ model }) => model ?? '',
  MODEL_TYPE: ({ path }) =>
    path === 'embeddings' ? 'Text Embeddings' : /image/.test(path) ? 'Text-to-Image' : 'Text Generation',
  SUCCESS: ({ statusCode, interrupted }) => (statusCode < 400 && !interrupted ? 1 : 0),
  CACHED: ({ cached }) => (cached ? 1 : 0),
  FEEDBACK: ({ feedback }) => feedback ?? -2,
};

export function inOrder(logs: readonly ModelLog[], field: string, direction: string): string[] {
  const key = ORDERED[field] ?? (() => 0);
  const sorted = logs.toSorted((left, right) => {
    const [a, b] = [key(left), key(right)];
    return a < b ? -1 : a > b ? 1 : left.id < right.id ? -1 : 1;
  });
  return (direction === 'DESC' ? sorted.toReversed() : sorted).map(({ id }) => id);
}
