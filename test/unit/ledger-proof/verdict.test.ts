import { expect, test } from '@jest/globals';
import type { LedgerRow } from '../../../ledger-proof/ledger-rows.js';
import type { ClientNote, UpstreamNote } from '../../../ledger-proof/notes.js';
import { compare, FINDINGS, type Finding, type Witnesses } from '../../../ledger-proof/verdict.js';

const ID = 'proof-1-0';
const ROW_ID = '01a2203a-a7b1-72de-9916-261a374c5331';
const USAGE = { prompt: 10, cached: 4, completion: 5 };
const RATES = { inputTokens: 7n, cachedInputTokens: 3n, outputTokens: 11n };

const seen: ClientNote = {
  id: ID,
  proxy: 0,
  isStream: true,
  isPoison: false,
  isSent: true,
  status: 200,
  requestId: ROW_ID,
  logId: ROW_ID,
  internalCode: null,
  bytes: 100,
  isWhole: true,
  usage: USAGE,
  hasLeft: false,
  error: null,
};
const CUT = { isWhole: false, usage: null, error: 'ECONNRESET' };
const NO_HEAD = { ...CUT, status: null, requestId: null, logId: null };
const answered: UpstreamNote = { id: ID, status: 200, reported: USAGE, deltasSent: 3, isCut: false };
const row: LedgerRow = {
  id: ROW_ID,
  eventId: ID,
  status: 200,
  interrupted: false,
  attempts: 1,
  inputTokens: 6n,
  cachedInputTokens: 4n,
  outputTokens: 5n,
  usageSource: 'PROVIDER',
  usageNote: null,
  costPico: 6n * 7n + 4n * 3n + 5n * 11n,
  costStatus: 'PRICED',
};
const estimated: LedgerRow = {
  ...row,
  inputTokens: 9n,
  cachedInputTokens: 0n,
  outputTokens: 12n,
  usageSource: 'ESTIMATED',
  usageNote: 'the answer was cut',
  costPico: 9n * 7n + 12n * 11n,
  costStatus: 'ESTIMATED',
};

/** What is found, by kind; those of which there is none are left out. */
function found(witnesses: Partial<Witnesses>): Partial<Record<Finding, number>> {
  const whole = { client: [seen], upstream: [answered], rows: [row], quarantine: [], rates: RATES, ...witnesses };
  const { findings } = compare(whole);
  return Object.fromEntries(
    FINDINGS.flatMap((finding) => (findings[finding].count === 0 ? [] : [[finding, findings[finding].count]])),
  );
}

test('three witnesses that agree leave nothing to find', () => {
  expect(found({})).toEqual({});
});

test('what reached the provider and has no row is lost, whatever the client saw of it', () => {
  expect(found({ rows: [] })).toEqual({ lost: 1 });
  expect(found({ rows: [], client: [{ ...seen, ...NO_HEAD }] })).toEqual({ lost: 1 });
});

test('a provider that is called more often than a row tells was called without a record', () => {
  const refused: UpstreamNote = { ...answered, status: 500, reported: null, deltasSent: 0 };
  expect(found({ upstream: [refused, answered] })).toEqual({ calledAgain: 1 });
  expect(found({ upstream: [refused, answered], rows: [{ ...row, attempts: 2 }] })).toEqual({});
  expect(found({ rows: [{ ...row, attempts: 0 }] })).toEqual({});
});

test('an answer with the id of a log promises a row, also when the provider was never reached', () => {
  expect(found({ rows: [], upstream: [], client: [{ ...seen, status: 502, internalCode: 2005 }] })).toEqual({
    lost: 1,
  });
});

test('what neither reached the provider nor was answered with the id of a log owes no row, and may have one', () => {
  expect(found({ rows: [], upstream: [], client: [{ ...seen, ...NO_HEAD }] })).toEqual({});
  expect(found({ rows: [estimated], upstream: [], client: [{ ...seen, ...NO_HEAD }] })).toEqual({});
});

test('a refusal has no row', () => {
  const refused = { ...seen, status: 503, internalCode: 9006, logId: null, usage: null };
  expect(found({ rows: [], upstream: [], client: [refused] })).toEqual({});
  const none = { ...row, status: 503, usageSource: 'NONE', costStatus: 'NOT_BILLABLE', costPico: 0n };
  const units = { inputTokens: 0n, cachedInputTokens: 0n, outputTokens: 0n };
  expect(found({ rows: [{ ...none, ...units }], upstream: [], client: [refused] })).toEqual({ phantom: 1 });
});

test('two rows of one request are a double, under whatever id', () => {
  expect(found({ rows: [row, { ...row, id: '01a2203a-a7b1-72de-9916-261a374c5332' }] })).toEqual({ duplicated: 1 });
  expect(found({ quarantine: [ID], client: [{ ...seen, isPoison: true }] })).toEqual({ duplicated: 1 });
});

test('a row that nobody sent is a phantom, and so is one under another id than the client was told', () => {
  expect(found({ rows: [row, { ...row, eventId: 'proof-1-99' }] })).toEqual({ phantom: 1 });
  expect(found({ client: [{ ...seen, requestId: '01a2203a-a7b1-72de-9916-261a374c5332' }] })).toEqual({ phantom: 1 });
  expect(found({ client: [{ ...seen, ...NO_HEAD, isSent: false }], upstream: [] })).toMatchObject({ phantom: 1 });
});

test.each([
  ['other units than were reported', { outputTokens: 6n, costPico: row.costPico === null ? null : row.costPico + 11n }],
  ['a cost that is off by one', { costPico: row.costPico === null ? null : row.costPico + 1n }],
  ['no cost', { costPico: null, costStatus: 'UNPRICED' }],
  ['another status', { status: 502 }],
  [
    'no units',
    {
      usageSource: 'NONE',
      costStatus: 'NOT_BILLABLE',
      inputTokens: 0n,
      cachedInputTokens: 0n,
      outputTokens: 0n,
      costPico: 0n,
    },
  ],
])('of a whole answer, %s is wrong', (_what, change) => {
  expect(found({ rows: [{ ...row, ...change }] })).toEqual({ wrongAmount: 1 });
});

test('units are the provider’s only if it reported some', () => {
  expect(found({ client: [{ ...seen, ...CUT }], upstream: [{ ...answered, reported: null }] })).toEqual({
    wrongAmount: 1,
  });
});

test('a cut answer may be estimated, with a note; or be what was reported', () => {
  const cut = { client: [{ ...seen, ...CUT }], upstream: [{ ...answered, isCut: true, reported: null }] };
  expect(found({ ...cut, rows: [{ ...estimated, interrupted: true }] })).toEqual({});
  expect(found({ ...cut, rows: [{ ...estimated, usageNote: null }] })).toEqual({ unexplainedEstimate: 1 });
  expect(found({ client: [{ ...seen, ...CUT }] })).toEqual({});
});

test('a whole answer with usage is not estimated', () => {
  expect(found({ rows: [estimated] })).toEqual({ unexplainedEstimate: 1 });
});

test('quarantine is for what was poisoned, and counts as an entry', () => {
  expect(found({ rows: [], quarantine: [ID], client: [{ ...seen, isPoison: true }] })).toEqual({});
  expect(found({ rows: [], quarantine: [ID] })).toEqual({ wronglyQuarantined: 1 });
  expect(found({ quarantine: ['proof-1-99'] })).toEqual({ phantom: 1 });
  expect(found({ quarantine: [null] })).toEqual({ phantom: 1 });
});

test('how far the output of cut streams is estimated from what was sent is counted', () => {
  const { counts } = compare({
    client: [{ ...seen, ...CUT }],
    upstream: [{ ...answered, isCut: true, reported: null, deltasSent: 4 }],
    rows: [estimated], // 12 tokens, where 16 were sent
    quarantine: [],
    rates: RATES,
  });
  expect(counts).toMatchObject({ 'median error of their output, in percent': 25, 'requests sent': 1 });
});
