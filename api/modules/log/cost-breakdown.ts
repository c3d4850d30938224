/**
 * Explains a record's cost: units × rate, attempt by attempt, and what was adjusted. Computes nothing anew but lines.
 */
import { usdFromPico } from '../../../schema/contracts/decimal.js';
import type { CostLine as PicoLine } from '../../../schema/contracts/pricing/compiled-rule.js';
import { customLines, ratesOfRule } from '../../../schema/contracts/pricing/custom-rates.js';
import type { CostStatus } from '../../../schema/contracts/usage-record.js';
import { missingPrice, splitRule, type AppliedRules, type PriceName } from './applied-rules.js';
import type { AppliedPrice, AttemptCost, CostAdjustment, CostBreakdown, CostLine } from './cost-breakdown.types.js';
import { pricedAttempts, type PricedAttempt, type PricedRow } from './stored-attempts.js';

export interface AdjustmentRow {
  readonly id: string;
  /** the record that it corrects */
  readonly adjusts: string;
  readonly received_at: Date;
  readonly cost_pico: string;
  readonly cost_status: CostStatus;
  readonly price_version: number | null;
  readonly price_rule: string | null;
}

export function costBreakdown(
  row: PricedRow,
  adjustments: readonly AdjustmentRow[],
  rules: AppliedRules,
): CostBreakdown {
  const attempts = pricedAttempts(row).map((attempt) => ({ attempt, lines: linesOf(attempt, rules) }));
  const adjusted = adjustments.reduce((sum, { cost_pico: pico }) => sum + BigInt(pico), 0n);
  const recorded = row.cost_pico === null ? null : BigInt(row.cost_pico);
  const total = adjustments.length === 0 ? recorded : (recorded ?? 0n) + adjusted;
  return {
    id: row.id,
    recordedUsd: recorded === null ? null : usdFromPico(recorded),
    recordedStatus: row.cost_status,
    lines: merged(attempts.flatMap(({ lines }) => lines)).map(shownLine),
    attempts: attempts.map(({ attempt, lines }) => attemptCost(attempt, lines)),
    adjustments: adjustments.map(shownAdjustment),
    totalUsd: total === null ? null : usdFromPico(total),
  };
}

function linesOf(attempt: PricedAttempt, rules: AppliedRules): PicoLine[] {
  if (attempt.costStatus === 'CUSTOM') {
    const rates = ratesOfRule(attempt.priceRule ?? '');
    return rates === null ? [] : customLines(rates, attempt.units);
  }
  if (attempt.costStatus !== 'PRICED' && attempt.costStatus !== 'ESTIMATED') return [];
  return rules(attempt)?.lines(attempt.units) ?? [];
}

function attemptCost(attempt: PricedAttempt, lines: readonly PicoLine[]): AttemptCost {
  const { number, provider, model, costPico, costStatus } = attempt;
  return {
    number,
    provider,
    model,
    costUsd: costPico === null ? null : usdFromPico(costPico),
    costStatus,
    price: costPico === null ? null : appliedPrice(attempt),
    lines: lines.map(shownLine),
    note: noteOf(attempt, lines.length),
  };
}

function noteOf({ costStatus, costPico, priceRule }: PricedAttempt, lineCount: number): string | null {
  switch (costStatus) {
    case 'CACHED':
      return 'answered from the cache: nothing was billed';
    case 'NOT_BILLABLE':
      return 'nothing that a provider bills';
    case 'UNPRICED':
      return missingPrice(priceRule);
    case 'CUSTOM':
    case 'PRICED':
    case 'ESTIMATED':
      return lineCount > 0 || costPico === 0n ? null : 'the price that made this cost is not stored here';
  }
}

function appliedPrice({ priceVersion, priceRule }: PriceName): AppliedPrice | null {
  if (priceRule === null) return null;
  const { name, condition } = splitRule(priceRule);
  return { version: priceVersion, rule: name, condition };
}

const shownAdjustment = (row: AdjustmentRow): CostAdjustment => ({
  id: row.id,
  createdAt: row.received_at,
  amountUsd: usdFromPico(row.cost_pico),
  costStatus: row.cost_status,
  price: appliedPrice({ priceVersion: row.price_version, priceRule: row.price_rule }),
});

/** Lines of the same unit at the same rate as one. */
function merged(lines: readonly PicoLine[]): PicoLine[] {
  const byKind = new Map<string, PicoLine>();
  for (const line of lines) {
    const kind = `${line.unit} ${line.ratePico}`;
    const known = byKind.get(kind);
    byKind.set(kind, {
      ...line,
      quantity: line.quantity + (known?.quantity ?? 0n),
      amountPico: line.amountPico + (known?.amountPico ?? 0n),
    });
  }
  return [...byKind.values()];
}

const shownLine = ({ unit, quantity, ratePico, amountPico }: PicoLine): CostLine => ({
  unit,
  quantity,
  rateUsd: usdFromPico(ratePico),
  amountUsd: usdFromPico(amountPico),
});
