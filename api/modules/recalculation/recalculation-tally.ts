/** Adds up what a recalculation finds, in whole and by model. */
import { usdFromPico } from '../../../schema/contracts/decimal.js';
import type { CostRecalculation, ModelRecalculation } from './recalculation.types.js';

const MODELS_SHOWN_MAX = 50;

/** One record: its cost before and after; `isNewlyPriced`: it had none. */
export interface Recalculated {
  readonly provider: string;
  readonly model: string | null;
  readonly beforePico: bigint;
  readonly afterPico: bigint;
  readonly isChanged: boolean;
  readonly isNewlyPriced: boolean;
  readonly hasPrice: boolean;
}

interface Sums {
  records: bigint;
  beforePico: bigint;
  afterPico: bigint;
}

export class RecalculationTally {
  private readonly all: Sums = { records: 0n, beforePico: 0n, afterPico: 0n };
  private readonly models = new Map<string, Sums & { readonly provider: string; readonly model: string | null }>();
  private changed = 0n;
  private newlyPriced = 0n;
  private withoutPrice = 0n;

  get differencePico(): bigint {
    return this.all.afterPico - this.all.beforePico;
  }

  add(record: Recalculated): void {
    addTo(this.all, record);
    if (!record.hasPrice) this.withoutPrice += 1n;
    if (!record.isChanged) return;
    this.changed += 1n;
    if (record.isNewlyPriced) this.newlyPriced += 1n;
    const { provider, model } = record;
    const key = JSON.stringify([provider, model]);
    const sums = this.models.get(key) ?? { provider, model, records: 0n, beforePico: 0n, afterPico: 0n };
    addTo(sums, record);
    this.models.set(key, sums);
  }

  result(of: Pick<CostRecalculation, 'dryRun' | 'priceVersion'>): CostRecalculation {
    return {
      ...of,
      records: this.all.records,
      changed: this.changed,
      newlyPriced: this.newlyPriced,
      withoutPrice: this.withoutPrice,
      ...shownSums(this.all),
      models: this.largest(),
    };
  }

  private largest(): ModelRecalculation[] {
    const size = ({ beforePico, afterPico }: Sums): bigint =>
      afterPico > beforePico ? afterPico - beforePico : beforePico - afterPico;
    return [...this.models.values()]
      .sort((a, b) => (size(b) > size(a) ? 1 : size(b) < size(a) ? -1 : 0))
      .slice(0, MODELS_SHOWN_MAX)
      .map((sums) => ({ provider: sums.provider, model: sums.model, records: sums.records, ...shownSums(sums) }));
  }
}

function addTo(sums: Sums, { beforePico, afterPico }: Recalculated): void {
  sums.records += 1n;
  sums.beforePico += beforePico;
  sums.afterPico += afterPico;
}

const shownSums = ({ beforePico, afterPico }: Sums) => ({
  costBeforeUsd: usdFromPico(beforePico),
  costAfterUsd: usdFromPico(afterPico),
  differenceUsd: usdFromPico(afterPico - beforePico),
});
