import { expect, jest, test } from '@jest/globals';
import type { Logger } from '../../../../platform/logger.js';
import { NOTHING_USED } from '../../../../proxy/dialects/dialect.js';
import type { CachedAnswer } from '../../../../proxy/cache/cached-answer.js';
import type { Arrival, Relayed, UpstreamCall } from '../../../../proxy/exchange.js';
import type { PriceBook } from '../../../../proxy/pricing/price-book.js';
import { CUT_NOTE, open, OpenRecord, record } from '../../../../proxy/stages/record.js';
import { SystemMessageHashes } from '../../../../proxy/system-message-hashes.js';
import type { LedgerEntry, UsageLedger } from '../../../../proxy/usage/usage-ledger.js';
import { lasted } from '../../../../proxy/usage/lasted.js';
import type { CachedAnswerName } from '../../../../schema/contracts/redis-keys.js';
import { noUnits } from '../../../../schema/contracts/usage-units.js';

test('a request of which no record can be made leaves no room taken in the ledger, and is told in the log', async () => {
  const abandon = jest.fn();
  const entry = { restate: jest.fn(), progress: jest.fn(), settle: jest.fn<() => Promise<void>>(), abandon };
  const fault = new Error('the price list is broken');
  const price = (): never => {
    throw fault;
  };
  const told = jest.fn();
  const deps = {
    prices: { current: { price } as unknown as PriceBook }, // nothing else of it is asked
    cacheKeyKey: Buffer.alloc(32),
    systemMessageHashes: new SystemMessageHashes(Buffer.alloc(32)),
    log: { error: told } as unknown as Logger, // likewise
  };
  // what is read of them before the price is asked for
  const arrival = { id: 'request', arrivedAtMs: 1, options: { customCost: null } } as unknown as Arrival;
  const call = {
    isBillable: true,
    dialect: {},
    facts: null,
    caller: { apiTokenId: null },
    target: { provider: { slug: 'openai' }, policy: { accountId: 'account', gatewayId: 'gateway' } },
  } as unknown as UpstreamCall;
  const units = { ...noUnits(), inputTokens: 42 };
  const relayed = {
    forwarded: { attempt: { number: 1, step: 0, startedAtMs: 1, statusCode: 200, errorCode: null } },
    statusCode: 200,
    hit: null,
    reading: { units, usageSource: 'PROVIDER', model: 'gpt', usageNote: null, serviceTier: null },
  } as unknown as Relayed;

  const opened = new OpenRecord(deps, arrival, call, { entry, cache: null });
  expect(() => record(deps, arrival, call, { open: opened, relayed })).toThrow(fault);
  expect(abandon).toHaveBeenCalledTimes(1);
  expect(entry.settle).not.toHaveBeenCalled();
  const used = expect.objectContaining({ accountId: 'account', provider: 'openai', model: 'gpt', units });
  expect(told).toHaveBeenCalledWith({ requestId: 'request', err: fault, used }, expect.any(String));
});

test('a clock that is set while a request runs makes no span longer than its column', () => {
  expect(lasted(0, 86_400_000_000)).toBe(2 ** 31 - 1);
  expect(lasted(86_400_000_000, 0)).toBe(0);
  const progress = jest.fn<LedgerEntry['progress']>();
  const price = () => ({ costPico: 7n, costStatus: 'ESTIMATED', priceVersion: 1, priceRule: 'openai/gpt' });
  const deps = {
    prices: { current: { price } as unknown as PriceBook }, // nothing else of it is asked
    cacheKeyKey: Buffer.alloc(32),
    systemMessageHashes: new SystemMessageHashes(Buffer.alloc(32)),
    log: { error: jest.fn() } as unknown as Logger, // likewise
  };
  // what is read of them
  const arrival = { arrivedAtMs: 1, options: { customCost: null, metadataNote: null } } as unknown as Arrival;
  const target = { provider: { slug: 'openai' }, policy: { accountId: 'account' } };
  const call = { dialect: {}, facts: null, originalBody: null, streamed: null, target } as unknown as UpstreamCall;
  const entry = { progress } as unknown as LedgerEntry; // likewise
  const opened = new OpenRecord(deps, arrival, call, { entry, cache: null });
  opened.progress({
    statusCode: 200,
    errorCode: null,
    clientAborted: false,
    interrupted: false,
    streamed: true,
    hit: null,
    responseContentType: null,
    responseBytes: 0,
    firstByteAtMs: 86_400_000_000,
    reading: NOTHING_USED,
    forwarded: { attempt: { number: 1, step: 0, startedAtMs: 1, statusCode: 200, errorCode: null } },
  });
  expect(progress.mock.lastCall?.[0]).toMatchObject({ timeToFirstTokenMs: 2 ** 31 - 1, durationMs: 2 ** 31 - 1 });
});

test('a request is opened with the record that it has if the process ends now: what it sent is taken in, and estimated', async () => {
  const toOpen = jest.fn<UsageLedger['open']>();
  const price = jest.fn<PriceBook['price']>(() => {
    return { costPico: 7n, costStatus: 'ESTIMATED', priceVersion: 1, priceRule: 'openai/gpt' };
  });
  const deps = {
    prices: { current: { price } as unknown as PriceBook }, // nothing else of it is asked
    cacheKeyKey: Buffer.alloc(32),
    systemMessageHashes: new SystemMessageHashes(Buffer.alloc(32)),
    log: {} as unknown as Logger, // likewise
    ledger: { open: toOpen },
  };
  const request = { rawHeaders: ['User-Agent', 'sdk', 'Content-Type', 'application/json'] };
  // what is read of them
  const arrival = {
    request,
    head: request,
    id: 'request',
    arrivedAtMs: 5,
    method: 'POST',
    path: '/chat/completions',
    query: '?api_key=secret&a=1',
    options: { customCost: null, metadata: { user: 'x' }, metadataNote: 'metadata was dropped', cacheKey: null },
    clientIp: null,
  } as unknown as Arrival;
  const call = {
    isBillable: true,
    dialect: {},
    facts: { model: 'gpt', isStreaming: true, inputTextBytes: 400, systemText: null },
    caller: { apiTokenId: null },
    headers: [],
    storedKey: null,
    destination: { origin: 'https://provider' },
    path: '/v1/chat/completions',
    originalBody: Buffer.from('twelve bytes'),
    bodyStream: null,
    target: {
      provider: { slug: 'openai', credentialHeaders: [] },
      customProvider: null,
      policy: { accountId: 'account', gatewayId: 'gateway', configVersion: 3, settings: { logRetentionDays: 30 } },
    },
  } as unknown as UpstreamCall;

  await open(deps, arrival, call, null);
  const [told, cut] = toOpen.mock.calls[0] ?? [];
  expect(told).toMatchObject({ id: 'request', createdAtMs: 5, accountId: 'account', userAgent: 'sdk' });
  expect(told?.path).not.toContain('secret');
  const used = { usageSource: 'ESTIMATED', costPico: 7n, costStatus: 'ESTIMATED', priceRule: 'openai/gpt' };
  expect(cut).toMatchObject({ ...used, statusCode: 500, interrupted: true, streamed: true });
  expect(cut?.usageNote).toBe(`${CUT_NOTE}; metadata was dropped`);
  expect(cut).toMatchObject({ model: 'gpt', requestBytes: 12, responseBytes: 0 });
  expect(cut?.units).toMatchObject({ outputTokens: 0 });
  expect(cut?.units.inputTokens).toBeGreaterThan(0);
  expect(cut?.attempts).toEqual([expect.objectContaining({ ...used, units: cut?.units, statusCode: null })]);

  // The cache answers: nothing goes upstream, so nothing has to be written before that.
  const hit = { reading: {} } as unknown as CachedAnswer; // nothing of it is asked before its end
  const name = { accountId: 'account', member: 'gateway:0:hash', keyHash: 'hash' } as unknown as CachedAnswerName; // ids of nobody's
  await open(deps, arrival, call, { name, ttlSeconds: 60, status: 'HIT', hit, outdated: null, sharing: null });
  const [toldOfHit, cutHit] = toOpen.mock.calls[1] ?? [];
  expect(toldOfHit?.cacheKeyHash).toBe('hash');
  expect(cutHit).toBeNull();
});

test('a request that is tried again has, at every moment, a record of the attempts that were made by then', () => {
  const price = jest.fn<PriceBook['price']>(() => {
    return { costPico: 7n, costStatus: 'ESTIMATED', priceVersion: 1, priceRule: 'openai/gpt' };
  });
  const deps = {
    prices: { current: { price } as unknown as PriceBook }, // nothing else of it is asked
    cacheKeyKey: Buffer.alloc(32),
    systemMessageHashes: new SystemMessageHashes(Buffer.alloc(32)),
    log: {} as unknown as Logger, // likewise
  };
  const arrival = { arrivedAtMs: 5, options: { customCost: null, metadataNote: null } } as unknown as Arrival;
  const call = {
    isBillable: true,
    dialect: {},
    facts: { model: 'gpt', isStreaming: false, inputTextBytes: 400, systemText: null },
    target: { provider: { slug: 'openai' }, policy: {} },
    originalBody: Buffer.alloc(9),
  } as unknown as UpstreamCall; // what is read of them
  const progress = jest.fn<LedgerEntry['progress']>();
  const entry = { restate: jest.fn(), progress, settle: jest.fn<() => Promise<void>>(), abandon: jest.fn() };
  const opened = new OpenRecord(deps, arrival, call, { entry, cache: null });
  expect(opened.nextNumber).toBe(1);

  const first = { number: 1, step: 0, startedAtMs: 6, statusCode: 503, errorCode: null };
  opened.gaveUp({ forwarded: { attempt: first }, statusCode: 503, errorCode: null, reading: NOTHING_USED });
  const cut = { statusCode: 500, interrupted: true, usageNote: 'the proxy ended before the answer did' };
  const failed = { number: 1, statusCode: 503, costStatus: 'NOT_BILLABLE', costPico: 0n };
  expect(progress.mock.lastCall?.[0]).toMatchObject({ ...cut, attempts: [failed], costStatus: 'NOT_BILLABLE' });

  expect(opened.nextNumber).toBe(2);
  opened.begins({ number: 2, step: 0, startedAtMs: 7, statusCode: null, errorCode: null });
  const running = { number: 2, statusCode: null, costStatus: 'ESTIMATED', costPico: 7n };
  const together = { ...cut, attempts: [failed, running], costPico: 7n, units: { inputTokens: 100 } };
  expect(progress.mock.lastCall?.[0]).toMatchObject(together);
  expect(progress).toHaveBeenCalledTimes(2);
});
