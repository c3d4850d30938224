/**
 * The live tail of a gateway's logs: each log that appears, once, in the order of appearance. Every subscriber reads
 * for itself, no further than it has taken what it was given: a slow one holds one batch, and nobody else waits for it.
 */
import type { GatewayId } from '../../../schema/contracts/ids.js';
import { rateLimited } from '../../errors.js';
import type { Edge } from '../../paging/connection.js';
import { Places } from '../../places.js';
import type { AccountScope } from '../../tenancy/account-scope.js';
import type { Database } from '../../tenancy/database.js';
import type { SqlConditions } from '../../tenancy/sql-conditions.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { addFilter } from './log-filter-sql.js';
import { SpoolWatch } from './spool-watch.js';
import { readLogs } from './log.queries.js';
import { TailPosition, type Spool, type SpoolNews } from './tail-position.js';
import type { CheckedLogFilter } from './log.inputs.js';
import type { Log } from './log.types.js';

export interface LogTailOptions {
  /** how long a caller who may not read any more goes on reading */
  readonly recheckMs: number;
  /** how long a subscriber may take for one log */
  readonly takeMsMax: number;
  readonly subscribersMax: number;
  readonly subscribersOfAccountMax: number;
}

const OPTIONS: LogTailOptions = {
  recheckMs: 500,
  takeMsMax: 15_000,
  subscribersMax: 200,
  subscribersOfAccountMax: 20,
};
const BATCH_ROWS = 100;
/** Numbers of a spool that one statement goes through: most of them may be other accounts'. */
const NUMBERS_MAX = 20_000;
/** A record is of up to a week before the day on which it is shipped. */
const DAYS_BACK = 8;
const DAY_MS = 86_400_000;

type Scope = AccountScope<'log.read'>;

export interface TailRequest {
  readonly gatewayId: GatewayId;
  readonly filter: CheckedLogFilter;
  /** a cursor; null: from now on */
  readonly after: string | null;
  /** the scope as the caller has it now; throws when he may not read any more */
  readonly scope: () => Promise<Scope>;
}

/** Looks at the caller anew once that is due; what was loaded for him, bodies too, is let go with it. */
class RecheckedCaller {
  private checkedMs = performance.now();

  constructor(
    private readonly ask: TailRequest['scope'],
    private last: Scope,
    private readonly recheckMs: number,
  ) {}

  /** Throws when he may not read any more. */
  async scope(): Promise<Scope> {
    if (performance.now() - this.checkedMs >= this.recheckMs) {
      this.checkedMs = performance.now();
      this.last = await this.ask();
    }
    return this.last;
  }
}

interface Batch {
  readonly scope: Scope;
  readonly news: SpoolNews;
  readonly spools: readonly Spool[];
}

export class LogTail {
  private readonly watch: SpoolWatch;
  /** of those who follow */
  private readonly places: Places;
  private readonly options: LogTailOptions;
  /** subscribers that were refused for want of a place */
  private refused = 0;
  /** subscribers that were ended because they took too long for a log */
  private slow = 0;

  constructor(
    private readonly database: Database,
    /** derived under the label `tail-cursor` */
    private readonly key: Buffer,
    options: Partial<LogTailOptions> = {},
  ) {
    this.options = { ...OPTIONS, ...options };
    this.watch = new SpoolWatch(database);
    this.places = new Places(this.options.subscribersMax, this.options.subscribersOfAccountMax);
  }

  /** Who follows now; who was refused for want of places, and ended for being slow. */
  get counts(): { readonly following: number; readonly refused: number; readonly slow: number } {
    return { following: this.places.taken, refused: this.refused, slow: this.slow };
  }

  /** Resolves when everything that appears from now on will be told; throws when the request cannot be. */
  async follow(request: TailRequest): Promise<AsyncIterableIterator<Edge<Log>>> {
    const scope = await request.scope();
    const of = `${scope.accountId}/${request.gatewayId}`;
    const position =
      request.after === null
        ? TailPosition.now(await this.watch.spools(performance.now()))
        : TailPosition.open(this.key, of, request.after);
    const gone = new AbortController();
    return endedBy(gone, this.edges({ ...request, of, position, gone: gone.signal }, scope));
  }

  /** Takes its place when it is first asked for something, so that whoever never asks holds none. */
  private async *edges(tail: Tail, first: Scope): AsyncGenerator<Edge<Log>, void> {
    const leave = this.places.take(first.accountId);
    if (leave === null) {
      this.refused++;
      throw rateLimited('Too many follow logs now: try again later.');
    }
    try {
      const caller = new RecheckedCaller(tail.scope, first, this.options.recheckMs);
      while (!tail.gone.aborted) {
        const scope = await caller.scope();
        const spools = await this.watch.spools();
        const news = tail.position.next(spools);
        if (news === null) await this.watch.pause(tail.gone);
        else yield* this.told(tail, caller, { scope, news, spools });
      }
    } finally {
      leave();
    }
  }

  /** One batch of a spool's news; a slow subscriber takes long for it, and is looked at between its logs too. */
  private async *told(
    { gatewayId, filter, position, of }: Tail,
    caller: RecheckedCaller,
    { scope, news, spools }: Batch,
  ): AsyncGenerator<Edge<Log>, void> {
    const { logs, reachedSeq } = await this.database.inAccount(scope, (tx) =>
      readNews(tx, news, { gatewayId, filter }),
    );
    for (const { log, seq } of logs) {
      await caller.scope();
      position.see(news.spool, seq);
      const gaveMs = performance.now();
      yield { node: log, cursor: position.seal(this.key, of, spools) };
      if (performance.now() - gaveMs > this.options.takeMsMax) {
        this.slow++;
        throw rateLimited('This subscriber is too slow: subscribe again, with the cursor of the last log as `after`.');
      }
    }
    position.see(news.spool, reachedSeq);
  }
}

interface Tail extends TailRequest {
  readonly of: string;
  readonly position: TailPosition;
  readonly gone: AbortSignal;
}

/** A generator that waits inside does not hear that it should end: this tells it. */
function endedBy(gone: AbortController, inner: AsyncGenerator<Edge<Log>, void>): AsyncIterableIterator<Edge<Log>> {
  return {
    next: () => inner.next(),
    return: async () => {
      gone.abort();
      await inner.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

interface NewLogs {
  readonly logs: readonly { readonly log: Log; readonly seq: number }[];
  /** everything up to it has been read */
  readonly reachedSeq: number;
}

async function readNews(
  tx: TenantTransaction,
  { spool, fromSeq, toSeq }: SpoolNews,
  { gatewayId, filter }: Pick<TailRequest, 'gatewayId' | 'filter'>,
): Promise<NewLogs> {
  const endSeq = Math.min(toSeq, fromSeq + NUMBERS_MAX);
  const found = await tx.query<{ id: string; day: string; seq: string }>(
    `SELECT u.id, u.day::text, u.spool_seq AS seq FROM usage_record u
     WHERE ${tx.owned('u')} AND u.gateway_id = $2::uuid AND u.is_log AND u.kind = 'USAGE'
       AND u.spool = $3::int AND u.spool_seq > $4::bigint AND u.spool_seq <= $5::bigint
       AND u.day >= $6::date AND u.day <= $7::date ORDER BY u.spool_seq LIMIT $8`,
    [gatewayId, spool, fromSeq, endSeq, dayFromNow(-DAYS_BACK), dayFromNow(1), BATCH_ROWS],
  );
  if (found.length === 0) return { logs: [], reachedSeq: endSeq };
  const ids = found.map(({ id }) => id);
  const days = [...new Set(found.map(({ day }) => day))];
  const more = (where: SqlConditions): void => {
    addFilter(where, filter, 'CHANGED');
    where
      .where(filter.from, (from) => `u.created_at >= ${from}::timestamptz`)
      .where(filter.to, (to) => `u.created_at < ${to}::timestamptz`);
  };
  const logs = await readLogs(tx, days, ids, { more });
  const seqs = new Map(found.map(({ id, seq }) => [id, Number(seq)]));
  return {
    logs: logs
      .map((log) => ({ log, seq: seqs.get(log.id) ?? fromSeq }))
      .toSorted((left, right) => left.seq - right.seq),
    reachedSeq: found.length < BATCH_ROWS ? endSeq : Number(found.at(-1)?.seq ?? endSeq),
  };
}

const dayFromNow = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
