/** An intent in a spool, and the record that it becomes when its process ended before the answer did. */
import { noUnits } from '../../schema/contracts/usage-units.js';
import type { UsageRecord } from '../../schema/contracts/usage-record.js';
import type { UsageIntent } from '../usage/usage-ledger.js';

/** What the client got: a connection that broke off before any answer. */
const CUT_STATUS = 500;
/** Said of every request that the end of its process cut. */
export const CUT_NOTE = 'the proxy ended before the answer did';

/** `written`: the intent as JSON, intact, as its frame's checksum says. */
export function intentRecord(written: string): UsageRecord {
  const told = JSON.parse(written) as UsageIntent; // what `SpoolWriter.addIntent` wrote
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
