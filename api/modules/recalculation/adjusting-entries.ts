/**
 * Adjusting entries: rows of the ledger that correct a record's cost. Each has its record's day, time, gateway, token,
 * provider, model, path, status and metadata, so that every sum and group that holds the record holds its correction;
 * it is no request, has no units, and is no log.
 */
import { USAGE_UNITS } from '../../../schema/contracts/usage-units.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import type { Repricing } from './repricing.js';

export interface AdjustingEntry {
  readonly id: string;
  /** the record's id and day */
  readonly adjusts: string;
  readonly day: string;
  readonly differencePico: bigint;
  readonly repricing: Repricing & { readonly cost: NonNullable<Repricing['cost']> };
  /**
   * what each attempt, in the order of `repricing.attempts`, has to do with it: rollups book it where the attempt
   * stands
   */
  readonly parts: readonly AdjustedPart[];
  readonly pricesUnpriced: boolean;
}

export interface AdjustedPart {
  readonly provider: string;
  readonly model: string | null;
  readonly differencePico: bigint;
}

/** Columns that an entry has from its record. */
const COPIED = `account_id, gateway_id, api_token_id, event_id, config_version, created_at, provider, model, method, path,
  status_code, error_code, cached, streamed, client_aborted, interrupted, usage_source, log_retention_days, metadata`;
const UNIT_COLUMNS = USAGE_UNITS.map((unit) => unit.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`));
const copied = COPIED.split(',').map((column) => `u.${column.trim()}`);

/** Inserts them, each at most once; answers how many were new. Rows of another account are out of reach. */
export async function insertEntries(tx: TenantTransaction, entries: readonly AdjustingEntry[]): Promise<number> {
  const rows = await tx.query<{ id: string }>(
    `INSERT INTO usage_record (day, id, kind, adjusts, prices_unpriced, received_at, request_count, ${COPIED},
       duration_ms, ${UNIT_COLUMNS.join(', ')}, cost_pico, cost_status, price_version, price_rule, attempts,
       is_log, request_bytes, response_bytes)
     SELECT u.day, e.id, 'ADJUSTMENT', u.id, e.prices_unpriced, clock_timestamp(), 0, ${copied.join(', ')},
       0, ${UNIT_COLUMNS.map(() => '0').join(', ')}, e.cost_pico, e.cost_status, e.price_version, e.price_rule, e.attempts,
       false, 0, 0
     FROM jsonb_to_recordset($2::jsonb) AS e (id uuid, adjusts uuid, day date, prices_unpriced boolean, cost_pico bigint,
       cost_status text, price_version int, price_rule text, attempts jsonb)
     JOIN usage_record u ON u.day = e.day AND u.id = e.adjusts AND u.kind = 'USAGE' AND ${tx.owned('u')}
     ON CONFLICT DO NOTHING RETURNING id`,
    [JSON.stringify(entries.map(row))],
  );
  return rows.length;
}

const row = ({ id, adjusts, day, differencePico, repricing, parts, pricesUnpriced }: AdjustingEntry): object => ({
  id,
  adjusts,
  day,
  prices_unpriced: pricesUnpriced,
  cost_pico: differencePico.toString(),
  cost_status: repricing.cost.costStatus,
  price_version: repricing.cost.priceVersion,
  price_rule: repricing.cost.priceRule,
  attempts: repricing.attempts.map((attempt, index) => ({
    ...attempt,
    costPico: attempt.costPico?.toString() ?? null,
    ...digits(parts[index]),
  })),
});

const digits = (part: AdjustedPart | undefined): object =>
  part === undefined ? {} : { ...part, differencePico: part.differencePico.toString() };
