/** How much there was to compare: what a verdict of nothing but zeros is worth. */
import type { LedgerRow } from './ledger-rows.js';
import type { ClientNote, UpstreamNote } from './notes.js';

export interface Counted {
  readonly client: readonly ClientNote[];
  readonly upstream: readonly UpstreamNote[];
  readonly rows: readonly LedgerRow[];
  readonly quarantine: readonly (string | null)[];
  /** in percent, of each stream that a fault cut */
  readonly cutStreamErrors: readonly number[];
}

export function countAll({ client, upstream, rows, quarantine, cutStreamErrors }: Counted): Record<string, number> {
  const sent = client.filter(({ isSent }) => isSent);
  const errors = cutStreamErrors.toSorted((a, b) => a - b);
  return {
    'requests sent': sent.length,
    'of them streams': countOf(sent, ({ isStream }) => isStream),
    'that reached the provider': upstream.length,
    'answered whole': countOf(sent, ({ isWhole }) => isWhole),
    ...refusals(sent),
    'left by the client': countOf(sent, ({ hasLeft }) => hasLeft),
    'broken off for the client': countOf(sent, ({ isWhole, hasLeft }) => !isWhole && !hasLeft),
    'no proxy to be had (not counted as sent)': client.length - sent.length,
    'rows in the ledger': rows.length,
    'of them interrupted': countOf(rows, ({ interrupted }) => interrupted),
    'of them estimated': countOf(rows, ({ usageSource }) => usageSource === 'ESTIMATED'),
    'records in quarantine': quarantine.length,
    'poisonous requests sent': countOf(sent, ({ isPoison }) => isPoison),
    'streams that a fault cut, with an estimate': errors.length,
    'median error of their output, in percent': errors[Math.floor(errors.length / 2)] ?? 0,
    'largest error of their output, in percent': errors.at(-1) ?? 0,
  };
}

const countOf = <T>(items: readonly T[], is: (item: T) => boolean): number => items.filter(is).length;

/** By the code that they were refused with. */
function refusals(sent: readonly ClientNote[]): Record<string, number> {
  const refused: Record<string, number> = {};
  for (const { internalCode, logId } of sent) {
    if (internalCode === null || logId !== null) continue;
    const name = `refused by the proxy with ${internalCode}`;
    refused[name] = (refused[name] ?? 0) + 1;
  }
  return refused;
}
