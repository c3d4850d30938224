/** Records such as a proxy makes of short chat calls: one attempt, priced, with metadata. */
import { randomBytes } from 'node:crypto';
import {
  newUuidV7,
  uuidTimeMs,
  type AccountId,
  type ApiTokenId,
  type GatewayId,
  type RequestId,
} from '../../schema/contracts/ids.js';
import type { UsageRecord } from '../../schema/contracts/usage-record.js';
import { noUnits } from '../../schema/contracts/usage-units.js';

/** Ids of nobody's: the ledger's tables refer to none. */
const [ACCOUNT, GATEWAY, TOKEN] = [newUuidV7() as AccountId, newUuidV7() as GatewayId, newUuidV7() as ApiTokenId];

/** A new one, of now. */
export function chatRecord(): UsageRecord {
  const id = newUuidV7() as RequestId; // likewise
  const createdAtMs = uuidTimeMs(id);
  const told = {
    provider: 'openai',
    model: 'gpt-4o-mini',
    statusCode: 200,
    errorCode: null,
    durationMs: 812,
    units: { ...noUnits(), inputTokens: 1_234, outputTokens: 345 },
    usageSource: 'PROVIDER',
    costPico: 392_100_000n,
    costStatus: 'PRICED',
    priceVersion: 1,
    priceRule: 'openai/gpt-4o-mini',
  } as const;
  return {
    ...told,
    id,
    createdAtMs,
    accountId: ACCOUNT,
    gatewayId: GATEWAY,
    apiTokenId: TOKEN,
    eventId: id,
    configVersion: 3,
    method: 'POST',
    path: 'chat/completions',
    isLog: true,
    logRetentionDays: 30,
    cacheKeyHash: randomBytes(32).toString('hex'),
    metadata: { team: 'search', user: id.slice(-6) },
    clientIp: '192.0.2.17',
    userAgent: 'OpenAI/JS 5.1.0',
    requestContentType: 'application/json',
    systemMessageHash: null,
    cached: false,
    streamed: false,
    clientAborted: false,
    interrupted: false,
    timeToFirstTokenMs: null,
    usageNote: null,
    savedPico: null,
    attempts: [{ ...told, number: 1, step: 0, startedAtMs: createdAtMs }],
    responseContentType: 'application/json',
    requestBytes: 4_321,
    responseBytes: 1_765,
    requestCount: 1,
  };
}
