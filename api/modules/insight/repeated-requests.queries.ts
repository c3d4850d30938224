/**
 * Requests that were made more than once, told by the hash of their cache key, and what a cache would have made of
 * them.
 */
import { usdFromPico } from '../../../schema/contracts/decimal.js';
import { uuidDay } from '../../../schema/contracts/ids.js';
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import type { RepeatedRequest, RepeatedRequests } from './insight.types.js';
import type { LedgerPass } from './ledger-pass.js';
import type { RepeatedGroup } from './repeated-tally.js';

export class RepeatedRequestQueries {
  constructor(private readonly database: Database) {}

  /** The `first` groups of identical requests that cost most, and a simulation for each lifetime. */
  async repeated(
    pass: LedgerPass,
    { ttlSeconds, first }: { readonly ttlSeconds: readonly number[]; readonly first: number },
  ): Promise<RepeatedRequests> {
    const { covered, tally } = await pass.ask({ columns: [], groups: null, ttlSeconds });
    const dearest = tally.dearest(first);
    return {
      covered,
      groups: dearest.length === 0 ? [] : await this.database.inAccount(pass.scope, (tx) => described(tx, dearest)),
      simulations: tally.simulations.map((simulated) => ({
        ttlSeconds: simulated.ttlSeconds,
        hits: BigInt(simulated.hits),
        unpricedHits: BigInt(simulated.unpricedHits),
        savedUsd: usdFromPico(simulated.savedPico),
        savedTokensIn: simulated.savedTokensIn,
        savedTokensOut: simulated.savedTokensOut,
      })),
      savedUsd: usdFromPico(tally.savedPico),
    };
  }
}

interface Description {
  readonly id: string;
  readonly provider: string;
  readonly model: string | null;
  readonly path: string;
}

/** The groups with what they asked for, read off the newest request of each. */
async function described(tx: TenantTransaction, groups: readonly RepeatedGroup[]): Promise<RepeatedRequest[]> {
  const ids = groups.map(({ lastId }) => lastId);
  const days = [...new Set(ids.map(uuidDay))];
  const rows = await tx.query<Description>(
    `SELECT u.id, u.provider, u.model, u.path FROM usage_record u
     WHERE ${tx.owned('u')} AND u.day = ANY($2::date[]) AND u.id = ANY($3::uuid[])`,
    [days, ids],
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return groups.flatMap((group) => {
    const asked = byId.get(group.lastId);
    if (asked === undefined) return []; // its day was dropped meanwhile
    const { provider, model, path } = asked;
    return [
      {
        key: group.key,
        requests: BigInt(group.requests),
        cached: BigInt(group.cached),
        costUsd: usdFromPico(group.costPico),
        provider,
        model,
        path,
        firstSeenAt: group.firstSeenAt,
        lastSeenAt: group.lastSeenAt,
        exampleLogId: group.exampleId,
      },
    ];
  });
}
