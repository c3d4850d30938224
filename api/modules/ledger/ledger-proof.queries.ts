/**
 * The gap check: what every spool shipped on a day, number by number, against what stands in the ledger and in the
 * quarantine. Read as the role that sees numbers alone, of all accounts; docs/ledger.md has the same for a person.
 */
import type { Database } from '../../tenancy/database.js';
import type { LedgerProof, OpenSpool, SpoolProof } from './ledger-proof.types.js';

/** Spools that are shown; all are counted. */
const SHOWN_MAX = 200;

/** One row a spool; the totals are on each. A record's number is looked for in all days: a request may span midnight. */
const SHIPPED_SQL = `
  WITH checked AS (
    SELECT s.id, s.host, m.from_seq, m.to_seq, m.to_seq - m.from_seq + 1 AS expected,
      n.recorded, n.quarantined, m.to_seq - m.from_seq + 1 - n.numbers AS lost, n.duplicated
    FROM ledger_shipment m JOIN ledger_spool s ON s.number = m.spool
    CROSS JOIN LATERAL (
      SELECT count(*) AS numbers, count(*) FILTER (WHERE f.records > 0) AS recorded,
        count(*) FILTER (WHERE f.found > f.records) AS quarantined, count(*) FILTER (WHERE f.found > 1) AS duplicated
      FROM (
        SELECT e.spool_seq, count(*) AS found, count(*) FILTER (WHERE e.is_record) AS records
        FROM (
          SELECT u.spool_seq, true AS is_record FROM usage_record u
          WHERE u.spool = m.spool AND u.spool_seq BETWEEN m.from_seq AND m.to_seq
          UNION ALL
          SELECT q.spool_seq, false FROM ledger_quarantine q
          WHERE q.spool = m.spool AND q.spool_seq BETWEEN m.from_seq AND m.to_seq) e
        GROUP BY e.spool_seq) f) n
    WHERE m.shipped_on = $1)
  SELECT *, count(*) OVER () AS spool_count, sum(expected) OVER () AS all_expected, sum(recorded) OVER () AS all_recorded,
    sum(quarantined) OVER () AS all_quarantined, sum(lost) OVER () AS all_lost, sum(duplicated) OVER () AS all_duplicated
  FROM checked ORDER BY lost + duplicated DESC, id LIMIT ${SHOWN_MAX}`;

const OPEN_SQL = `
  SELECT s.id, s.host, s.settled_seq - s.shipped_seq AS unshipped, s.heard_at, count(*) OVER () AS spool_count
  FROM ledger_spool s WHERE s.closed_at IS NULL AND s.settled_seq > s.shipped_seq
  ORDER BY s.heard_at, s.id LIMIT ${SHOWN_MAX}`;

/** Whether anything is known of a day: it is not to come, and what was shipped on it is still kept. */
const KNOWN_SQL = `
  SELECT $1::date <= t.today AND $1::date >= LEAST(t.today, (SELECT min(shipped_on) FROM ledger_shipment)) AS is_known
  FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) t`;

/** Every count is an integer in digits. */
interface ShippedRow {
  readonly id: string;
  readonly host: string;
  readonly from_seq: string;
  readonly to_seq: string;
  readonly expected: string;
  readonly recorded: string;
  readonly quarantined: string;
  readonly lost: string;
  readonly duplicated: string;
  readonly spool_count: string;
  readonly all_expected: string;
  readonly all_recorded: string;
  readonly all_quarantined: string;
  readonly all_lost: string;
  readonly all_duplicated: string;
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
    return this.database.inProof(async (tx) => {
      const known = await tx.query<{ is_known: boolean }>(KNOWN_SQL, [day]);
      if (known[0]?.is_known !== true) return null;
      const shipped = await tx.query<ShippedRow>(SHIPPED_SQL, [day]);
      return proofOf(day, shipped, await tx.query<OpenRow>(OPEN_SQL, []));
    });
  }
}

function proofOf(day: string, shipped: readonly ShippedRow[], open: readonly OpenRow[]): LedgerProof {
  const [first] = shipped;
  const lost = BigInt(first?.all_lost ?? 0);
  const duplicated = BigInt(first?.all_duplicated ?? 0);
  return {
    day,
    isWhole: lost === 0n && duplicated === 0n,
    expected: BigInt(first?.all_expected ?? 0),
    recorded: BigInt(first?.all_recorded ?? 0),
    quarantined: BigInt(first?.all_quarantined ?? 0),
    lost,
    duplicated,
    spoolCount: Number(first?.spool_count ?? 0),
    spools: shipped.map(spoolProof),
    openSpoolCount: Number(open[0]?.spool_count ?? 0),
    openSpools: open.map(openSpool),
  };
}

const spoolProof = (row: ShippedRow): SpoolProof => ({
  spoolId: row.id,
  host: row.host,
  fromSeq: BigInt(row.from_seq),
  toSeq: BigInt(row.to_seq),
  expected: BigInt(row.expected),
  recorded: BigInt(row.recorded),
  quarantined: BigInt(row.quarantined),
  lost: BigInt(row.lost),
  duplicated: BigInt(row.duplicated),
});

const openSpool = ({ id, host, unshipped, heard_at }: OpenRow): OpenSpool => ({
  spoolId: id,
  host,
  unshipped: BigInt(unshipped),
  heardAt: heard_at,
});
