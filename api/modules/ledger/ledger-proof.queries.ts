/**
 * The gap check: what every spool shipped on a day, number by number, against what stands in the ledger and in the
 * quarantine. Read as the role that sees numbers alone, of all accounts; docs/ledger.md has the same for a person.
 *
 * A number counts wherever its record stands. But to look at 400 days at once takes 4 000 of the locks that all
 * connections together have 6 400 of; so the days around are looked at first, then, block by block, whether any other
 * has a record of those runs, and only if something is out of the ordinary all days in one statement.
 */
import { tooComplex } from '../../errors.js';
import type { Database } from '../../tenancy/database.js';
import type { LedgerProof, OpenSpool, SpoolProof } from './ledger-proof.types.js';

/** Spools that are shown; all are counted. */
const SHOWN_MAX = 200;
/** Numbers that one statement looks at: a million take 1.6 to 3 s, and a statement has 8. */
const NUMBERS_MAX = 1_000_000;
/** Numbers that one answer is about: what 5 000 requests a second ship in a day. */
const NUMBERS_PROVED_MAX = 432_000_000n;
/** Runs, or parts of them, that one statement looks at. */
const PARTS_MAX = 500;
/** Partitions that one statement looks at beside those around the day. */
const BLOCK_PARTITIONS = 48;

/** Where records are that were shipped on `$1`, unless they waited: a request may span midnight, and clocks differ. */
const AROUND = 'u.day >= $1::date - 2 AND u.day <= $1::date + 1';
const ELSEWHERE = '(u.day < $1::date - 2 OR u.day > $1::date + 1)';
const ANYWHERE = '$1::date IS NOT NULL';

const RUNS_SQL = `
  SELECT m.spool, s.id, s.host, m.from_seq, m.to_seq FROM ledger_shipment m JOIN ledger_spool s ON s.number = m.spool
  WHERE m.shipped_on = $1`;

/** Counts of the numbers of each part (spool `$2`, from `$3` to `$4`). `days`: a condition on the records' days. */
const countsSql = (days: string): string => `
  SELECT r.spool, n.numbers, n.recorded, n.quarantined, n.duplicated
  FROM unnest($2::integer[], $3::bigint[], $4::bigint[]) r (spool, from_seq, to_seq)
  CROSS JOIN LATERAL (
    SELECT count(*) AS numbers, count(*) FILTER (WHERE f.records > 0) AS recorded,
      count(*) FILTER (WHERE f.found > f.records) AS quarantined, count(*) FILTER (WHERE f.found > 1) AS duplicated
    FROM (
      SELECT e.spool_seq, count(*) AS found, count(*) FILTER (WHERE e.is_record) AS records
      FROM (
        SELECT u.spool_seq, true AS is_record FROM usage_record u
        WHERE u.spool = r.spool AND u.spool_seq BETWEEN r.from_seq AND r.to_seq AND ${days}
        UNION ALL
        SELECT q.spool_seq, false FROM ledger_quarantine q
        WHERE q.spool = r.spool AND q.spool_seq BETWEEN r.from_seq AND r.to_seq) e
      GROUP BY e.spool_seq) f) n`;

/** Whether a record of the runs stands on a day from `$2` to before `$3` that is not around theirs. */
const ELSEWHERE_SQL = `
  SELECT EXISTS (SELECT FROM ledger_shipment m CROSS JOIN LATERAL (
    SELECT FROM usage_record u WHERE u.spool = m.spool AND u.spool_seq BETWEEN m.from_seq AND m.to_seq
      AND u.day >= $2::date AND u.day < $3::date AND ${ELSEWHERE} LIMIT 1) f
    WHERE m.shipped_on = $1::date) AS is_found`;

/** The first day of each partition. */
const PARTITIONS_SQL = `
  SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM '[0-9]{4}-[0-9]{2}-[0-9]{2}') AS day
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'usage_record'::regclass ORDER BY 1`;

const OPEN_SQL = `
  SELECT s.id, s.host, s.settled_seq - s.shipped_seq AS unshipped, s.heard_at, count(*) OVER () AS spool_count
  FROM ledger_spool s WHERE s.closed_at IS NULL AND s.settled_seq > s.shipped_seq
  ORDER BY s.heard_at, s.id LIMIT ${SHOWN_MAX}`;

/** Whether anything is known of a day: it is not to come, and what was shipped on it is still kept. */
const KNOWN_SQL = `
  SELECT $1::date <= t.today AND $1::date >= LEAST(t.today, (SELECT min(shipped_on) FROM ledger_shipment)) AS is_known
  FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) t`;

/** Numbers are integers in digits. */
interface RunRow {
  readonly spool: number;
  readonly id: string;
  readonly host: string;
  readonly from_seq: string;
  readonly to_seq: string;
}

interface CountsRow {
  readonly spool: number;
  readonly numbers: string;
  readonly recorded: string;
  readonly quarantined: string;
  readonly duplicated: string;
}

interface Part {
  readonly spool: number;
  readonly from: bigint;
  readonly to: bigint;
}

interface OpenRow {
  readonly id: string;
  readonly host: string;
  readonly unshipped: string;
  readonly heard_at: Date;
  readonly spool_count: string;
}

export class LedgerProofQueries {
  constructor(private readonly database: Database) {}

  /** null: nothing is known of the day. */
  async prove(day: string): Promise<LedgerProof | null> {
    const [known] = await this.query<{ is_known: boolean }>(KNOWN_SQL, [day]);
    if (known?.is_known !== true) return null;
    const open = await this.query<OpenRow>(OPEN_SQL, []);
    const runs = await this.query<RunRow>(RUNS_SQL, [day]);
    requireWithinBounds(runs);
    const proof = proofOf(day, await this.check(day, runs, AROUND), open);
    if (proof.isWhole && !(await this.hasRecordsElsewhere(day))) return proof;
    return proofOf(day, await this.check(day, runs, ANYWHERE), open);
  }

  private async check(day: string, runs: readonly RunRow[], days: string): Promise<SpoolProof[]> {
    const proofs = new Map(runs.map((run) => [run.spool, unfound(run)]));
    for (const parts of statementsOf(runs)) {
      const arrays = [parts.map(({ spool }) => spool), parts.map(({ from }) => from), parts.map(({ to }) => to)];
      for (const counts of await this.query<CountsRow>(countsSql(days), [day, ...arrays])) {
        const proof = proofs.get(counts.spool);
        if (proof !== undefined) add(proof, counts);
      }
    }
    return [...proofs.values()];
  }

  private async hasRecordsElsewhere(day: string): Promise<boolean> {
    const partitions = await this.query<{ day: string | null }>(PARTITIONS_SQL, []);
    const days = partitions.flatMap((row) => row.day ?? []);
    const starts = days.filter((_day, index) => index > 0 && index % BLOCK_PARTITIONS === 0);
    const edges = ['-infinity', ...starts, 'infinity'];
    for (const [index, from] of edges.slice(0, -1).entries()) {
      const found = await this.query<{ is_found: boolean }>(ELSEWHERE_SQL, [day, from, edges[index + 1]]);
      if (found[0]?.is_found === true) return true;
    }
    return false;
  }

  /** Each in a transaction of its own: locks end with it. What was shipped stays as it is meanwhile. */
  private query<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.database.inProof((tx) => tx.query<Row>(sql, parameters));
  }
}

function requireWithinBounds(runs: readonly RunRow[]): void {
  const numbers = runs.reduce((sum, run) => sum + unfound(run).expected, 0n);
  if (numbers > NUMBERS_PROVED_MAX) {
    throw tooComplex(`${numbers} records were shipped on that day; at most ${NUMBERS_PROVED_MAX} can be proved here.`);
  }
}

/** The runs in parts, and the parts by the statement that looks at them. */
function* statementsOf(runs: readonly RunRow[]): Generator<Part[]> {
  const step = BigInt(NUMBERS_MAX);
  let parts: Part[] = [];
  let numbers = 0n;
  for (const run of runs) {
    const last = BigInt(run.to_seq);
    for (let from = BigInt(run.from_seq); from <= last; from += step) {
      const to = from + step - 1n < last ? from + step - 1n : last;
      if (parts.length === PARTS_MAX || (parts.length > 0 && numbers + (to - from + 1n) > step)) {
        yield parts;
        [parts, numbers] = [[], 0n];
      }
      parts.push({ spool: run.spool, from, to });
      numbers += to - from + 1n;
    }
  }
  if (parts.length > 0) yield parts;
}

/** A run of which nothing was found yet. */
function unfound({ id, host, from_seq, to_seq }: RunRow): SpoolProof {
  const [fromSeq, toSeq] = [BigInt(from_seq), BigInt(to_seq)];
  const expected = toSeq - fromSeq + 1n;
  const nothing = { recorded: 0n, quarantined: 0n, lost: expected, duplicated: 0n };
  return { spoolId: id, host, fromSeq, toSeq, expected, ...nothing };
}

function add(proof: SpoolProof, counts: CountsRow): void {
  proof.recorded += BigInt(counts.recorded);
  proof.quarantined += BigInt(counts.quarantined);
  proof.lost -= BigInt(counts.numbers);
  proof.duplicated += BigInt(counts.duplicated);
}

function proofOf(day: string, spools: readonly SpoolProof[], open: readonly OpenRow[]): LedgerProof {
  const sums = { expected: 0n, recorded: 0n, quarantined: 0n, lost: 0n, duplicated: 0n };
  for (const spool of spools) {
    for (const count of ['expected', 'recorded', 'quarantined', 'lost', 'duplicated'] as const) {
      sums[count] += spool[count];
    }
  }
  return {
    day,
    isWhole: sums.lost === 0n && sums.duplicated === 0n,
    ...sums,
    spoolCount: spools.length,
    spools: spools.toSorted(faultsFirst).slice(0, SHOWN_MAX),
    openSpoolCount: Number(open[0]?.spool_count ?? 0),
    openSpools: open.map(openSpool),
  };
}

function faultsFirst(one: SpoolProof, other: SpoolProof): number {
  const faults = Number(other.lost + other.duplicated - one.lost - one.duplicated);
  return faults === 0 ? one.spoolId.localeCompare(other.spoolId) : faults;
}

const openSpool = ({ id, host, unshipped, heard_at }: OpenRow): OpenSpool => ({
  spoolId: id,
  host,
  unshipped: BigInt(unshipped),
  heardAt: heard_at,
});
