import { expect, test } from '@jest/globals';
import { BREAKER_BOUNDS, CircuitBreakers } from '../../../../proxy/attempts/circuit-breakers.js';
import type { Forwarded, UpstreamCall } from '../../../../proxy/exchange.js';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import { DEFAULT_REQUEST_TIMEOUT_MS } from '../../../../proxy/request-bounds.js';
import type { UpstreamAnswer } from '../../../../proxy/upstream/upstream-exchange.js';

const ORIGIN = 'https://api.example.com';
const { failuresMin, openMsMin, openMsMax, forgetMs } = BREAKER_BOUNDS;

interface CallOptions {
  readonly gateway?: string;
  readonly origin?: string;
  readonly keyId?: string;
  readonly isCustom?: boolean;
  readonly timeoutMs?: number;
  /** the time limit of the gateway's settings */
  readonly settingMs?: number | null;
}

/** A call of an account's; what the breakers read of it. */
function callOf(account: string, options: CallOptions = {}): UpstreamCall {
  const { gateway = account, origin = ORIGIN, keyId, isCustom = false, settingMs = null } = options;
  return {
    target: { policy: { gatewayId: gateway, accountId: account, settings: { requestTimeoutMs: settingMs } } },
    destination: { origin, accountId: isCustom ? account : null, egress: null },
    storedKey: keyId === undefined ? null : { id: keyId, version: 1 },
    timeoutMs: options.timeoutMs ?? settingMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
  } as unknown as UpstreamCall;
}

const attempt = { number: 1, step: 0, startedAtMs: 1, statusCode: null, errorCode: null };
const answered = (statusCode: number): Forwarded => ({
  kind: 'answered',
  answer: { statusCode } as unknown as UpstreamAnswer, // nothing else of it is read
  attempt,
});
const failedBy = (name: 'upstreamFailed' | 'upstreamTimedOut' | 'unavailable'): Forwarded => ({
  kind: 'failed',
  error: new GatewayError(name, 'it failed'),
  wasSent: true,
  attempt,
});

/** Breakers with a clock of the test's own. */
function clocked(bounds = BREAKER_BOUNDS): { breakers: CircuitBreakers; pass(ms: number): void } {
  let nowMs = 1_000_000;
  const breakers = new CircuitBreakers(bounds, undefined, () => nowMs);
  return { breakers, pass: (ms) => void (nowMs += ms) };
}

const hear = (breakers: CircuitBreakers, call: UpstreamCall, outcome: Forwarded, times = failuresMin): void => {
  for (let i = 0; i < times; i++) breakers.hear(call, outcome);
};

/** Seconds that a call is told to wait; null: it may go. */
function refusal(breakers: CircuitBreakers, call: UpstreamCall): number | null {
  try {
    breakers.admit(call);
    return null;
  } catch (error) {
    if (error instanceof GatewayError && error.errorName === 'breakerOpen') return error.retryAfterSeconds;
    throw error;
  }
}

test.each([
  ['an answer of 500', answered(500)],
  ['an answer of 529', answered(529)],
  ['a connection that fails', failedBy('upstreamFailed')],
  ['silence', failedBy('upstreamTimedOut')],
])('%s, often enough in a row, opens the breaker of its gateway and origin', (_what, outcome) => {
  const { breakers } = clocked();
  hear(breakers, callOf('a'), outcome, failuresMin - 1);
  expect(refusal(breakers, callOf('a'))).toBeNull();
  hear(breakers, callOf('a'), outcome, 1);
  expect(breakers.isOpen(callOf('a'))).toBe(true);
  expect(refusal(breakers, callOf('a'))).toBe(openMsMin / 1_000);
  expect(refusal(breakers, callOf('a', { origin: 'https://other.example.com' }))).toBeNull();
  expect(refusal(breakers, callOf('a', { gateway: 'another of the account' }))).toBeNull();
  expect(breakers.counts).toEqual({ opened: 1, refused: 1, forgotten: 0 });
});

test('a success in between begins the count anew; what a provider refuses is a success of its origin', () => {
  for (const success of [200, 400, 401, 404, 429]) {
    const { breakers } = clocked();
    hear(breakers, callOf('a'), answered(503), failuresMin - 1);
    breakers.hear(callOf('a'), answered(success));
    hear(breakers, callOf('a'), answered(503), failuresMin - 1);
    expect(refusal(breakers, callOf('a'))).toBeNull();
  }
});

test("errors of the gateway's own and clients that leave count for nothing", () => {
  const { breakers } = clocked();
  hear(breakers, callOf('a'), failedBy('unavailable'), 2 * failuresMin);
  hear(breakers, callOf('a'), { kind: 'client-left', wasSent: true, attempt }, 2 * failuresMin);
  expect(refusal(breakers, callOf('a'))).toBeNull();
});

test('failures with a pause between them are no row', () => {
  const { breakers, pass } = clocked();
  for (let i = 0; i < 2 * failuresMin; i++) {
    breakers.hear(callOf('a'), answered(503));
    pass(forgetMs + 1);
  }
  expect(refusal(breakers, callOf('a'))).toBeNull();
});

test('when its time is over one call is let through, and a success closes it for all', () => {
  const { breakers, pass } = clocked();
  hear(breakers, callOf('a'), answered(503));
  pass(openMsMin);
  expect(refusal(breakers, callOf('a'))).toBeNull();
  expect(refusal(breakers, callOf('a'))).toBe(openMsMin / 1_000);
  breakers.hear(callOf('a'), answered(200));
  expect(refusal(breakers, callOf('a'))).toBeNull();
  expect(breakers.open).toBe(0);
});

test('a trial that fails doubles the time, up to its bound; one that never ends is followed by another', () => {
  const { breakers, pass } = clocked();
  hear(breakers, callOf('a'), answered(503));
  for (let openMs = openMsMin; openMs < 4 * openMsMax; openMs *= 2) {
    const nowMs = Math.min(openMs, openMsMax);
    expect(refusal(breakers, callOf('a'))).toBe(nowMs / 1_000);
    pass(nowMs);
    expect(refusal(breakers, callOf('a'))).toBeNull(); // of which nothing is heard
    pass(nowMs);
    expect(refusal(breakers, callOf('a'))).toBeNull();
    breakers.hear(callOf('a'), answered(503));
  }
});

test('calls that were under way when it opened do not keep it open for longer', () => {
  const { breakers } = clocked();
  hear(breakers, callOf('a'), answered(503), 10 * failuresMin);
  expect(refusal(breakers, callOf('a'))).toBe(openMsMin / 1_000);
  expect(breakers.counts.opened).toBe(1);
});

test('neither one account nor two open a breaker for another one; three do, if nobody succeeds', () => {
  const { breakers } = clocked();
  for (const account of ['a', 'b']) hear(breakers, callOf(account), answered(503), 10 * failuresMin);
  expect(refusal(breakers, callOf('d'))).toBeNull();
  hear(breakers, callOf('c'), answered(503));
  expect(refusal(breakers, callOf('d'))).toBe(openMsMin / 1_000);
  breakers.hear(callOf('d'), answered(200));
  expect(refusal(breakers, callOf('e'))).toBeNull();
});

test('a success of anybody shows that three accounts failed by themselves', () => {
  const { breakers } = clocked();
  for (const account of ['a', 'b']) hear(breakers, callOf(account), answered(503));
  breakers.hear(callOf('d'), answered(200));
  hear(breakers, callOf('c'), answered(503));
  expect(refusal(breakers, callOf('d'))).toBeNull();
});

test('three gateways of one account open nothing for another account', () => {
  const { breakers } = clocked();
  for (const gateway of ['x', 'y', 'z']) hear(breakers, callOf('a', { gateway }), answered(503));
  expect(refusal(breakers, callOf('d'))).toBeNull();
});

test('time limits that accounts made short, and custom providers, say nothing to other accounts', () => {
  const { breakers } = clocked();
  for (const account of ['a', 'b', 'c', 'd']) {
    hear(breakers, callOf(account, { settingMs: 100 }), failedBy('upstreamTimedOut'));
    hear(breakers, callOf(account, { isCustom: true, origin: 'https://own.example.com' }), answered(503));
  }
  expect(refusal(breakers, callOf('a', { settingMs: 100 }))).not.toBeNull();
  expect(refusal(breakers, callOf('e'))).toBeNull();
  expect(refusal(breakers, callOf('e', { isCustom: true, origin: 'https://own.example.com' }))).toBeNull();
});

test('silence counts for nothing when the request gave the provider less time than its gateway does', () => {
  for (const settingMs of [null, 5_000]) {
    const { breakers } = clocked();
    hear(breakers, callOf('a', { settingMs, timeoutMs: 100 }), failedBy('upstreamTimedOut'), 10 * failuresMin);
    expect(refusal(breakers, callOf('a', { settingMs }))).toBeNull();
    hear(breakers, callOf('a', { settingMs, timeoutMs: settingMs ?? 600_000 }), failedBy('upstreamTimedOut'));
    expect(refusal(breakers, callOf('a', { settingMs }))).toBe(openMsMin / 1_000);
  }
});

test('a connection that nobody accepts in time counts, whatever time the request gives', () => {
  const { breakers } = clocked();
  const unconnected = new GatewayError('upstreamTimedOut', 'no connection', { cause: new Error('3 s') });
  hear(breakers, callOf('a', { timeoutMs: 100 }), { kind: 'failed', error: unconnected, wasSent: false, attempt });
  expect(refusal(breakers, callOf('a'))).toBe(openMsMin / 1_000);
});

test('a client in a hurry neither takes the trial of the others nor keeps them out for longer', () => {
  const { breakers, pass } = clocked();
  const hurried = callOf('a', { timeoutMs: 100 });
  hear(breakers, callOf('a'), answered(503));
  expect(refusal(breakers, hurried)).toBe(openMsMin / 1_000);
  pass(openMsMin);
  expect(refusal(breakers, hurried)).toBeNull();
  hear(breakers, hurried, failedBy('upstreamTimedOut'), 1);
  expect(refusal(breakers, callOf('a'))).toBeNull();
  breakers.hear(callOf('a'), answered(200));
  expect(breakers.open).toBe(0);
});

test('clients in a hurry have a trial of their own each time: its success closes, its failure doubles', () => {
  const { breakers, pass } = clocked();
  const hurried = callOf('a', { timeoutMs: 100 });
  hear(breakers, callOf('a'), answered(503));
  for (let i = 0; i < 3; i++) {
    pass(openMsMin);
    expect(refusal(breakers, hurried)).toBeNull();
    expect(breakers.isOpen(hurried)).toBe(true);
    expect(refusal(breakers, hurried)).toBe(openMsMin / 1_000);
    hear(breakers, hurried, failedBy('upstreamTimedOut'), 1);
  }
  breakers.hear(hurried, answered(503));
  for (const call of [hurried, callOf('a')]) expect(refusal(breakers, call)).toBe((2 * openMsMin) / 1_000);
  pass(2 * openMsMin);
  expect(refusal(breakers, hurried)).toBeNull();
  breakers.hear(hurried, answered(200));
  for (const call of [hurried, callOf('a')]) expect(refusal(breakers, call)).toBeNull();
});

test('an account with a short time limit does not take the trial of an origin from the others', () => {
  const { breakers, pass } = clocked();
  for (const account of ['a', 'b', 'c']) hear(breakers, callOf(account), answered(503));
  pass(openMsMin);
  expect(refusal(breakers, callOf('d', { settingMs: 100 }))).toBeNull();
  expect(refusal(breakers, callOf('d', { settingMs: 100 }))).toBe(openMsMin / 1_000);
  expect(refusal(breakers, callOf('e'))).toBeNull();
});

test.each([401, 403, 429])(
  'a stored key that is refused with %i again and again is left alone, and no other',
  (status) => {
    const { breakers } = clocked();
    hear(breakers, callOf('a', { keyId: 'bad' }), answered(status));
    expect(refusal(breakers, callOf('a', { keyId: 'bad' }))).toBe(openMsMin / 1_000);
    expect(refusal(breakers, callOf('a', { keyId: 'good' }))).toBeNull();
    expect(refusal(breakers, callOf('a'))).toBeNull();
    hear(breakers, callOf('a'), answered(status), 10 * failuresMin); // a client's own: its own affair
    expect(refusal(breakers, callOf('a'))).toBeNull();
  },
);

test('the oldest rows of failures are forgotten when there are too many', () => {
  const { breakers } = clocked({ ...BREAKER_BOUNDS, rowsMax: 2 });
  const [first, second, third] = ['https://1', 'https://2', 'https://3'].map((origin) =>
    callOf('a', { origin, isCustom: true }),
  );
  for (const call of [first, second, third]) if (call !== undefined) hear(breakers, call, answered(503));
  expect(breakers.counts.forgotten).toBe(1);
  expect([first, third].map((call) => call !== undefined && breakers.isOpen(call))).toEqual([false, true]);
});
