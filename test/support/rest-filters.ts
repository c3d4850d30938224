/** Filters of the wire that the seeded logs can tell apart, what they mean in GraphQL, and how clients write them. */
import fc from 'fast-check';
import type { ModelFilter } from './log-model.js';

export interface WireFilter {
  readonly key: string;
  readonly operator: string;
  readonly value: readonly string[];
}

const filter = (key: string, operators: readonly string[], values: readonly string[]): fc.Arbitrary<WireFilter> =>
  fc.record({
    key: fc.constant(key),
    operator: fc.constantFrom(...operators),
    value: fc.subarray([...values], { minLength: 1 }),
  });

export const anyWireFilters = fc.array(
  fc.oneof(
    filter('provider', ['eq', 'neq', 'contains'], ['openai', 'a', 'ätna']),
    filter('model', ['eq', 'neq', 'contains'], ['gpt-4o', 'mini', 'none']),
    filter('cost', ['eq', 'neq', 'lt', 'gt'], ['0.000003', '0.0000025']),
    filter('tokens_out', ['eq', 'neq', 'lt', 'gt'], ['1', '2']),
    filter('feedback', ['eq', 'neq', 'lt', 'gt'], ['1', '-1']),
    filter('metadata.key', ['eq', 'neq', 'contains'], ['team', 'run', 'EA']),
    filter('metadata.value', ['eq', 'neq', 'contains'], ['a', '7', '%']),
    filter('wholesale', ['eq', 'neq'], ['true', 'false']),
    filter('dlp_action', ['eq', 'neq'], ['BLOCK']),
  ),
  { maxLength: 3 },
);

export const asModelFilter = (filters: readonly WireFilter[]): ModelFilter => ({
  where: filters.map(({ key, operator, value }) => ({
    field: key.replace('.', '_').toUpperCase(),
    operator: operator.toUpperCase(),
    values: value,
  })),
});

/** As Cloudflare's client writes them: dotted names, repeated. */
export const dotted = (filters: readonly WireFilter[]): string[][] =>
  filters.flatMap(({ key, operator, value }) => [
    ['filters.key', key],
    ['filters.operator', operator],
    ...value.map((text) => ['filters.value', text]),
  ]);

export const asJson = (filters: readonly WireFilter[]): string[][] => [['filters', JSON.stringify(filters)]];
