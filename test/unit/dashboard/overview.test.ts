import { expect, test } from '@jest/globals';
import {
  dimensionName,
  dimensionOf,
  DIMENSIONS,
  logFilter,
} from '../../../dashboard/src/pages/gateway-overview/dimensions.js';
import {
  changeText,
  errorSeries,
  groupSeries,
  statusSeries,
} from '../../../dashboard/src/pages/gateway-overview/overview-series.js';
import { DEMO, endpointsOf, snippetsOf } from '../../../dashboard/src/pages/gateway-overview/snippets.js';

const counted = (key: string | null, ...requests: number[]) => ({
  key: [key],
  series: requests.map((count) => ({ totals: { requests: String(count) } })),
});

test('requests are drawn by the class of their status, and what did not happen is not', () => {
  const series = statusSeries([
    counted('200', 5, 6),
    counted('304', 1, 0),
    counted('404', 2, 2),
    counted('429', 0, 3),
    counted('502', 1, 1),
  ]);
  expect(series.map(({ label, values }) => [label, values])).toEqual([
    ['Succeeded', [6, 6]],
    ['Too many requests', [0, 3]],
    ["Client's errors", [2, 2]],
    ['Failures', [1, 1]],
  ]);
  expect(statusSeries([])).toEqual([]);
});

test('errors have a line for each code that there was', () => {
  const failed = (key: string | null, ...errors: number[]) => ({
    key: [key],
    series: errors.map((count) => ({ totals: { errors: String(count) } })),
  });
  const series = errorSeries([failed(null, 0, 2), failed('2005', 1, 0), failed('2009', 0, 0)]);
  expect(series.map(({ label, values }) => [label, values])).toEqual([
    ["the provider's own", [0, 2]],
    ['2005 no answer from the provider', [1, 0]],
  ]);
});

test('no more groups are drawn than there are colours', () => {
  const groups = Array.from({ length: 12 }, (_, index) => counted(`model-${index}`, index));
  const series = groupSeries(groups, (key) => `<${key}>`);
  expect(series).toHaveLength(8);
  expect(new Set(series.map(({ color }) => color)).size).toBe(8);
  expect(series[0]?.label).toBe('<model-0>');
});

test.each([
  [110, 100, '+10%'],
  [95, 100, '−5.0%'],
  [100, 100, '±0%'],
  [100.01, 100, '±0%'],
  [0, 100, '−100%'],
  [5, 0, null],
  [null, 5, null],
  [5, null, null],
])('from %p after %p the change is %p', (now, before, expected) => {
  expect(changeText(now, before)).toBe(expected);
});

test('a dimension is found again by its name, also one of metadata', () => {
  for (const dimension of [...DIMENSIONS, dimensionOf('METADATA:user:id')]) {
    expect(dimensionOf(dimensionName(dimension))).toEqual(dimension);
  }
  expect(dimensionOf('METADATA:user:id').metadataKey).toBe('user:id');
  for (const unknown of [null, '', 'METADATA:', 'GATEWAY', 'constructor']) {
    expect(dimensionOf(unknown).groupBy).toBe('MODEL');
  }
});

test('a group leads to its logs where the logs have a filter for it', () => {
  expect(logFilter(dimensionOf('MODEL'), 'gpt')).toEqual(['model', 'gpt']);
  expect(logFilter(dimensionOf('METADATA:team'), 'a=b')).toEqual(['metadata', 'team=a=b']);
  expect(logFilter(dimensionOf('METADATA:a=b'), 'c')).toEqual(['metadata', 'a%3Db=c']);
  expect(logFilter(dimensionOf('METADATA:team'), '(other)')).toBeNull();
  expect(logFilter(dimensionOf('PATH'), '/v1')).toBeNull();
  expect(logFilter(dimensionOf('MODEL'), null)).toBeNull();
});

test('every snippet has the address, and asks for a token only where one is needed', () => {
  const endpointUrl = 'https://gateway.example/v1/acme/prod';
  for (const { label, code } of snippetsOf({ endpointUrl, isAuthenticated: false })) {
    expect([label, code]).toEqual([label, expect.stringContaining(`${endpointUrl}/`)]);
    expect(code).not.toContain('cf-aig-authorization');
    expect(code).not.toMatch(/\n\n\n|,\n\)\)/);
  }
  for (const { code } of snippetsOf({ endpointUrl, isAuthenticated: true })) {
    expect(code).toContain('cf-aig-authorization');
  }
  expect(endpointsOf(endpointUrl)[0]).toEqual({ name: 'OpenAI', url: `${endpointUrl}/openai` });
});

test('the snippets of the demo provider work as they are pasted: its model, and a key that is none', () => {
  const endpointUrl = 'https://gateway.example/v1/acme/demo';
  const snippets = snippetsOf({ endpointUrl, isAuthenticated: false }, DEMO);
  expect(snippets.map(({ label }) => label)).toEqual([
    'curl',
    'OpenAI Python',
    'OpenAI JS',
    'fetch',
    'LangChain',
    'Vercel AI SDK',
  ]);
  for (const { code } of snippets) {
    expect(code).toContain(`${endpointUrl}/demo`);
    expect(code).toContain('demo-small');
    expect(code).toMatch(/Bearer demo|api_key="demo"|apiKey: 'demo'/);
    expect(code).not.toMatch(/openai\/|gpt-|OPENAI_API_KEY|\n\n\n/);
  }
  expect(endpointsOf(endpointUrl, true)[0]?.url).toBe(`${endpointUrl}/demo`);
});
