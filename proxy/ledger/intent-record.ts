/** An intent in a spool, and the record that it becomes when its process ended before the answer did. */
import { noUnits } from '../../schema/contracts/usage-units.js';
import type { UsageRecord } from '../../schema/contracts/usage-record.js';
import type { UsageIntent } from '../usage/usage-ledger.js';

/** What the client got: a connection that broke off before any answer. */
const CUT_STATUS = 500;
/** Said of every request that the end of its process cut. */
export const CUT_NOTE = 'the proxy ended before the answer did';

/** An intent as JSON. By hand, for `JSON.stringify` of the whole takes three times as long: 10 µs of every request. */
export function writtenIntent(intent: UsageIntent): string {
  const { apiTokenId, cacheKeyHash, systemMessageHash, costPico, metadata, otherUnits } = intent;
  return (
    `{"id":"${intent.id}","createdAtMs":${intent.createdAtMs},"accountId":"${intent.accountId}",` +
    `"gatewayId":"${intent.gatewayId}","apiTokenId":${quoted(apiTokenId)},"eventId":${text(intent.eventId)},` +
    `"configVersion":${intent.configVersion},"provider":"${intent.provider}","model":${text(intent.model)},` +
    `"method":${text(intent.method)},"path":${text(intent.path)},"streamed":${intent.streamed},` +
    `"usageSource":"${intent.usageSource}","costPico":${quoted(costPico)},"costStatus":"${intent.costStatus}",` +
    `"priceVersion":${intent.priceVersion},"priceRule":${text(intent.priceRule)},"isLog":${intent.isLog},` +
    `"logRetentionDays":${intent.logRetentionDays},"cacheKeyHash":${quoted(cacheKeyHash)},` +
    `"metadata":${metadata === null ? 'null' : JSON.stringify(metadata)},"clientIp":${text(intent.clientIp)},` +
    `"userAgent":${text(intent.userAgent)},"requestContentType":${text(intent.requestContentType)},` +
    `"systemMessageHash":${quoted(systemMessageHash)},"requestBytes":${intent.requestBytes},` +
    `"inputTokens":${intent.inputTokens},"otherUnits":${otherUnits === null ? 'null' : JSON.stringify(otherUnits)}}`
  );
}

/** What is made of digits, letters and dashes, and needs no escaping. */
const quoted = (value: string | null): string => (value === null ? 'null' : `"${value}"`);
/** Text from outside. */
const text = (value: string | null): string => (value === null ? 'null' : JSON.stringify(value));

/** `written`: the intent as JSON, intact, as its frame's checksum says. */
export function intentRecord(written: string): UsageRecord {
  const told = JSON.parse(written) as UsageIntent; // what `writtenIntent` wrote
  const { inputTokens, otherUnits, ...intent } = told;
  const costPico = told.costPico === null ? null : BigInt(told.costPico);
  const units = { ...noUnits(), inputTokens, other: otherUnits };
  const { provider, model, usageSource, costStatus, priceVersion, priceRule } = intent;
  const attempt = {
    number: 1,
    step: 0,
    provider,
    model,
    statusCode: null,
    errorCode: null,
    startedAtMs: intent.createdAtMs,
    durationMs: 0,
    units,
    usageSource,
    costPico,
    costStatus,
    priceVersion,
    priceRule,
  };
  return {
    ...intent,
    costPico,
    statusCode: CUT_STATUS,
    errorCode: null,
    cached: false,
    clientAborted: false,
    interrupted: true,
    durationMs: 0,
    timeToFirstTokenMs: null,
    units,
    usageNote: CUT_NOTE,
    savedPico: null,
    attempts: [attempt],
    responseContentType: null,
    responseBytes: 0,
  };
}
