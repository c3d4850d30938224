import { expect, test } from '@jest/globals';
import { retryRule } from '../../../../proxy/attempts/retry-rule.js';
import type { Arrival } from '../../../../proxy/exchange.js';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import { parseRequestOptions, type RequestOptions } from '../../../../proxy/request-options.js';
import { stepsIn } from '../../../../proxy/universal/steps.js';
import { DEFAULT_GATEWAY_SETTINGS } from '../../../../schema/contracts/gateway-settings.js';
import { arrivalOf } from '../../../support/credentialed-call.js';

const STEP = { provider: 'openai', endpoint: 'chat/completions', query: { model: 'm' } };

/** The steps of a body, in a request with these headers around it. */
function steps(body: unknown, headers: Readonly<Record<string, string>> = {}): readonly Arrival[] {
  const arrival = arrivalOf({ headers });
  const outer = { ...arrival, options: parseRequestOptions(Object.entries(headers).flat()) };
  return stepsIn(outer, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
}

function only(body: unknown, headers: Readonly<Record<string, string>> = {}): Arrival {
  const [step, ...others] = steps(body, headers);
  if (step === undefined || others.length > 0) throw new Error('there is not one step');
  return step;
}

/** Why a body is refused. */
function problem(body: unknown): string {
  try {
    steps(body);
  } catch (error) {
    if (error instanceof GatewayError && error.errorName === 'badHeader') return error.description;
    throw error;
  }
  throw new Error('it was taken');
}

const bodyOf = ({ body }: Arrival): string => (body?.kind === 'held' ? body.bytes.toString() : 'none');

test('one step by itself is a list of one', () => {
  expect(only(STEP)).toMatchObject({ step: 0, providerSlug: 'openai', path: '/chat/completions', query: '' });
  expect(steps([STEP, STEP, STEP]).map(({ step }) => step)).toEqual([0, 1, 2]);
});

test('the body of a step is its query, byte for byte', () => {
  const query = '{ "n" : 1.0,  "big":12345678901234567890, "text":"\\u00e9 ,]}" }';
  const text = ` [ {"query" : ${query} , "provider":"openai","endpoint":"x"} ] `;
  expect(bodyOf(only(text))).toBe(query);
  expect(bodyOf(only({ ...STEP, query: undefined }))).toBe('');
});

test.each([
  ['chat/completions', '/chat/completions', ''],
  ['/chat/completions', '/chat/completions', ''],
  ['', '', ''],
  [
    'res/dep/chat/completions?api-version=2024-02-15-preview',
    '/res/dep/chat/completions',
    '?api-version=2024-02-15-preview',
  ],
  ['v1beta/models/gemini:streamGenerateContent?alt=sse', '/v1beta/models/gemini:streamGenerateContent', '?alt=sse'],
  ['@cf/meta/llama-3.1-8b-instruct', '/@cf/meta/llama-3.1-8b-instruct', ''],
])('the endpoint %j is the path %j and the query %j', (endpoint, path, query) => {
  expect(only({ ...STEP, endpoint })).toMatchObject({ path, query });
});

test('headers are those of a step alone, written as they would be on the wire', () => {
  const headers = {
    Authorization: 'Bearer sk-step',
    'x-number': 3600,
    'x-flag': true,
    'x-none': null,
    'x-object': { a: [1] },
    'x-name': 'é',
    'Content-Encoding': 'gzip',
  };
  const outer = { authorization: 'Bearer outer', 'user-agent': 'sdk/1', 'cdn-loop': 'somebody' };
  const { head } = only({ ...STEP, headers }, outer);
  expect(head.rawHeaders).toEqual([
    'Authorization', 'Bearer sk-step',
    'x-number', '3600',
    'x-flag', 'true',
    'x-object', '{"a":[1]}',
    'x-name', 'Ã©',
    'content-type', 'application/json',
    'cdn-loop', 'somebody',
  ]); // prettier-ignore
  const typed = only({ ...STEP, headers: { 'Content-Type': 'text/plain' } }).head.rawHeaders;
  expect(typed).toEqual(['Content-Type', 'text/plain']);
});

/** Each setting: where it stands in the options, the header and the name in `config` that say it, and four values. */
const SETTINGS = [
  ['requestTimeoutMs', 'cf-aig-request-timeout', 'requestTimeout', [1000, 2000, 3000, 4000]],
  ['maxAttempts', 'cf-aig-max-attempts', 'maxAttempts', [2, 3, 4, 5]],
  ['retryDelayMs', 'cf-aig-retry-delay', 'retryDelay', [0, 20, 30, 40]],
  ['retryBackoff', 'cf-aig-backoff', 'backoff', ['constant', 'linear', 'exponential', 'constant']],
  ['collectLog', 'cf-aig-collect-log', 'collectLog', [false, true, false, true]],
  ['eventId', 'cf-aig-event-id', 'eventId', ['a', 'b', 'c', 'd']],
  ['byokAlias', 'cf-aig-byok-alias', 'byokAlias', ['a', 'b', 'c', 'd']],
  ['metadata', 'cf-aig-metadata', 'metadata', [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]],
  ['customCost', 'cf-aig-custom-cost', 'customCost', [{ total_cost: 1 }, { total_cost: 2 }, { total_cost: 3 }, null]],
] as const;

const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const optionOf = (name: string, value: unknown): unknown =>
  parseRequestOptions([SETTINGS.find(([option]) => option === name)?.[1] ?? '', written(value)])[
    name as keyof RequestOptions // a name of the table above
  ];

test.each(SETTINGS)(
  '%s: the step wins over the request, and the request over the gateway',
  (option, header, name, values) => {
    const [inHeader, inConfig, inRequest] = values;
    for (let mask = 0; mask < 8; mask++) {
      const [hasHeader, hasConfig, hasRequest] = [1, 2, 4].map((bit) => (mask & bit) !== 0);
      const headers = hasHeader === true ? { [header]: inHeader } : {};
      const config = hasConfig === true ? { [name]: inConfig } : {};
      const outer = hasRequest === true ? { [header]: written(inRequest) } : {};
      const { options } = only({ ...STEP, headers, config }, outer);
      const told =
        hasHeader === true ? inHeader : hasConfig === true ? inConfig : hasRequest === true ? inRequest : null;
      expect({ mask, value: options[option] }).toEqual({ mask, value: told === null ? null : optionOf(option, told) });
    }
  },
);

test('what neither step nor request says is the gateway’s, setting by setting', () => {
  const gateway = {
    ...DEFAULT_GATEWAY_SETTINGS,
    retryMaxAttempts: 5,
    retryDelayMs: 70,
    retryBackoff: 'LINEAR' as const,
  };
  const ruleOf = (config: object, outer: Readonly<Record<string, string>>) =>
    retryRule(only({ ...STEP, config }, outer).options, gateway);
  const outer = { 'cf-aig-max-attempts': '4', 'cf-aig-retry-delay': '60' };
  expect(ruleOf({}, {})).toMatchObject({ attemptsMax: 5, delayMs: 70, backoff: 'LINEAR' });
  expect(ruleOf({}, outer)).toMatchObject({ attemptsMax: 4, delayMs: 60, backoff: 'LINEAR' });
  expect(ruleOf({ retryDelay: 0 }, outer)).toMatchObject({ attemptsMax: 4, delayMs: 0, backoff: 'LINEAR' });
  expect(ruleOf({ backoff: 'constant' }, outer)).toMatchObject({ attemptsMax: 4, delayMs: 60, backoff: 'CONSTANT' });
  expect(ruleOf({ maxAttempts: 1 }, outer)).toBeNull();
});

test.each([
  ['', 'JSON'],
  ['[]', 'steps'],
  ['[{"provider":"openai"', 'steps'],
  [[STEP, 1], 'step 1'],
  [[{ ...STEP, provider: 7 }], 'provider'],
  [[{ endpoint: 'x', query: {} }], 'provider'],
  [[{ ...STEP, provider: 'open ai/' }], 'provider'],
  [[{ ...STEP, endpoint: 5 }], 'endpoint'],
  [[{ ...STEP, endpoint: '../x' }], 'endpoint'],
  [[{ ...STEP, endpoint: 'a/%2e%2e/b' }], 'endpoint'],
  [[{ ...STEP, endpoint: 'a#b' }], 'endpoint'],
  [[{ ...STEP, endpoint: 'a\r\nx: y' }], 'endpoint'],
  [[{ ...STEP, headers: [] }], 'headers'],
  [[{ ...STEP, headers: { 'a b': '1' } }], 'header name'],
  [[{ ...STEP, headers: { a: 'x\r\ny: z' } }], 'control character'],
  [[{ ...STEP, headers: { Authorization: 'a', authorization: 'b' } }], 'more than one authorization'],
  [[{ ...STEP, headers: { cf_aig_metadata: '{}' } }], 'cf-aig-metadata'],
  [[{ ...STEP, headers: { 'cf-aig-zdr': 'true' } }], 'zero data retention'],
  [[STEP, { ...STEP, config: { maxAttempts: 'x' } }], 'step 1'],
  [[{ ...STEP, config: { maxAttempts: 1.5 } }], 'cf-aig-max-attempts'],
  [[{ ...STEP, config: { requestTimeout: true } }], 'cf-aig-request-timeout'],
  [[{ ...STEP, config: { backoff: 'random' } }], 'cf-aig-backoff'],
  [[{ ...STEP, config: 7 }], 'config'],
  ['{"provider":"openai","provider":"groq"}', 'more than one provider'],
  ['{"provider":"openai","query":{},"query":{}}', 'more than one query'],
  [Array.from({ length: 21 }, () => STEP), '20 steps'],
])('%j is refused, and the reason names %j', (body, named) => {
  expect(problem(body)).toContain(named);
});

test('numbers out of range are clamped', () => {
  const config = { maxAttempts: 99, retryDelay: 1_000_000, requestTimeout: 1 };
  const expected = { maxAttempts: 5, retryDelayMs: 60_000, requestTimeoutMs: 100 };
  expect(only({ ...STEP, config }).options).toMatchObject(expected);
});
