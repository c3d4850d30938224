import { expect, jest, test } from '@jest/globals';
import type { Logger } from '../../../../platform/logger.js';
import type { Arrival, Relayed, UpstreamCall } from '../../../../proxy/exchange.js';
import type { PriceBook } from '../../../../proxy/pricing/price-book.js';
import { OpenRecord, record } from '../../../../proxy/stages/record.js';
import { SystemMessageHashes } from '../../../../proxy/system-message-hashes.js';
import { noUnits } from '../../../../schema/contracts/usage-units.js';

test('a request of which no record can be made leaves no room taken in the ledger, and is told in the log', async () => {
  const abandon = jest.fn();
  const entry = { progress: jest.fn(), settle: jest.fn<() => Promise<void>>(), abandon };
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
    reading: { units, usageSource: 'PROVIDER', model: 'gpt', usageNote: null, serviceTier: null },
  } as unknown as Relayed;

  const hashes = { cacheKeyHash: null, systemMessageHash: null };
  const open = new OpenRecord(deps, arrival, call, { hashes, entry });
  await expect(record(deps, arrival, call, { open, relayed })).rejects.toBe(fault);
  expect(abandon).toHaveBeenCalledTimes(1);
  expect(entry.settle).not.toHaveBeenCalled();
  const used = expect.objectContaining({ accountId: 'account', provider: 'openai', model: 'gpt', units });
  expect(told).toHaveBeenCalledWith({ requestId: 'request', err: fault, used }, expect.any(String));
});
