/**
 * When nothing more comes: every spool is shipped as far as its owner has settled, and the ledger has stopped growing.
 */
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { PostgresServer } from './stores.js';

const LOOK_MS = 250;
/** So many looks in a row have to see the same. */
const STILL_LOOKS = 8;
const DEADLINE_MS = 90_000;
/** What could not be read to its end is put aside under this name: nobody comes back to it. */
const DAMAGED = 'damaged-';

const stateSchema = z.object({
  entries: z.coerce.number(),
  unshipped: z.coerce.number(),
  open: z.coerce.number(),
});

const STATE_SQL = `SELECT
  (SELECT count(*) FROM usage_record) + (SELECT count(*) FROM ledger_quarantine) AS entries,
  (SELECT coalesce(sum(settled_seq - shipped_seq), 0) FROM ledger_spool) AS unshipped,
  (SELECT count(*) FROM ledger_spool WHERE closed_at IS NULL) AS open`;

/**
 * Waits until the spools of processes that ended are inherited and shipped: at most `live` are left, of processes that
 * serve. Answers what is still missing at the deadline, in words; nothing when all is quiet.
 */
export async function untilQuiet(
  postgres: PostgresServer,
  spoolFolder: string,
  live: number,
  who: string,
): Promise<string[]> {
  const deadline = performance.now() + DEADLINE_MS;
  let before = '';
  let still = 0;
  for (;;) {
    const state = await postgres.asOwner(async (client) => stateSchema.parse((await client.query(STATE_SQL)).rows[0]));
    const folders = readdirSync(spoolFolder).filter((name) => !name.startsWith(DAMAGED)).length;
    const isShipped = state.unshipped === 0 && state.open <= live && folders <= live;
    const now = `${state.entries} ${state.unshipped}`;
    still = now === before ? still + 1 : 0;
    before = now;
    if (still >= STILL_LOOKS && isShipped) return [];
    if (performance.now() > deadline) {
      return [
        `after ${DEADLINE_MS / 1000} s with ${who} ${state.unshipped} records were not shipped, ` +
          `${state.open} spools were open and ${folders} folders of spools were left`,
      ];
    }
    await delay(LOOK_MS);
  }
}

/** How many spools were put aside because some of their bytes were damaged: nothing here damages any. */
export const damagedSpools = (spoolFolder: string): number =>
  readdirSync(spoolFolder).filter((name) => name.startsWith(DAMAGED)).length;
