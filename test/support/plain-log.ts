/** A log of which nothing is special. */
import type { Log } from '../../api/modules/log/index.js';
import type { AccountId, GatewayId } from '../../schema/contracts/ids.js';

const ID = '01900000-0000-7000-8000-000000000000';

export const plainLog = (): Log => ({
  accountId: ID as AccountId,
  gatewayId: ID as GatewayId,
  apiTokenId: null,
  storedBodies: 'NOT_COLLECTED',
  exchange: {
    modelType: 'Text Generation',
    userAgent: null,
    requestContentType: null,
    responseContentType: null,
    requestBytes: 0,
    responseBytes: 0,
  },
  id: ID,
  createdAt: new Date(0),
  eventId: ID,
  configVersion: 1,
  provider: 'openai',
  model: null,
  path: 'chat/completions',
  statusCode: 200,
  success: true,
  cached: false,
  streamed: false,
  durationMs: 1,
  timeToFirstTokenMs: null,
  tokensIn: null,
  tokensOut: null,
  tokensCachedIn: null,
  tokensCacheWrite: null,
  tokensReasoning: null,
  usageSource: 'NONE',
  usageNote: null,
  clientAborted: false,
  costUsd: null,
  costStatus: 'UNPRICED',
  savedUsd: null,
  metadata: null,
  feedback: null,
  score: null,
  attempts: [],
  errorCode: null,
});
