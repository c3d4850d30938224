/**
 * Logs of one window by a pair of metadata, through the index of pairs that finished days have: a role of its own,
 * which sees the records with the pair, says where they lie (docs/decisions/0027); of these the whole filter keeps what
 * it keeps.
 */
import type { Database } from '../../tenancy/database.js';
import type { TenantTransaction } from '../../tenancy/tenant-transaction.js';
import { isPairAlone } from './log-filter-sql.js';
import {
  firstInOrder,
  LogStatements,
  ofBothForms,
  type FoundRow,
  type LookedFor,
  type ReadScope,
  type WindowPage,
} from './log-statements.js';

/** Places that are looked at a time, and how often, until the other filters let enough through. */
const CANDIDATES = 500;
const CANDIDATE_ROUNDS_MAX = 8;

export interface PairSelection {
  readonly selection: LookedFor;
  /** one that the selection's filter asks for, in each form of its value; no record has it in two of them */
  readonly pair: readonly string[];
}

/**
 * The first `limit` logs and more, in no order. Null: the rest of the filter keeps nearly all of the pair's back. The
 * days must have the index, or be small.
 */
export async function findByPair(
  database: Database,
  scope: ReadScope,
  { selection, pair }: PairSelection,
  page: WindowPage,
): Promise<FoundRow[] | null> {
  const candidates = async (after: WindowPage['after'], limit: number): Promise<Candidates> => {
    const ofForm = (json: string): Promise<Candidates> =>
      database.inMetadata(scope, json, async (tx) => {
        const statements = new LogStatements(tx, selection);
        const rows = await statements.candidates({ ...page, after, limit });
        return { rows, isUntouched: await statements.isUntouched(page) };
      });
    const found = await Promise.all(pair.map(ofForm));
    const rows = found.flatMap((part) => part.rows);
    return {
      rows: firstInOrder(rows, null, selection, limit),
      isUntouched: found.every(({ isUntouched }) => isUntouched),
    };
  };
  // Behind the others: what changes in between is found twice, rather than not at all.
  const withChanged = async (written: readonly FoundRow[]): Promise<FoundRow[]> => {
    const changed = await database.inAccount(scope, async (tx) => {
      const statements = new LogStatements(tx, selection);
      return (await statements.hasChanges(page)) ? statements.find({ ...page, form: 'CHANGED' }) : [];
    });
    return ofBothForms(written, changed);
  };
  if (isPairAlone(selection.filter)) {
    const { rows, isUntouched } = await candidates(page.after, page.limit);
    return isUntouched ? rows : withChanged(rows);
  }
  const written: FoundRow[] = [];
  let { after } = page;
  for (let round = 0; round < CANDIDATE_ROUNDS_MAX; round++) {
    const { rows } = await candidates(after, CANDIDATES);
    const ids = rows.map(({ id }) => id);
    if (ids.length > 0) {
      const find = (tx: TenantTransaction): Promise<FoundRow[]> =>
        new LogStatements(tx, selection).find({ ...page, form: 'WRITTEN', ids });
      written.push(...(await database.inAccount(scope, find)));
    }
    if (ids.length < CANDIDATES || written.length >= page.limit) return withChanged(written);
    after = { id: ids.at(-1) ?? '', key: null };
  }
  return null;
}

interface Candidates {
  readonly rows: FoundRow[];
  /** whether none of the window's can have changed since it was written */
  readonly isUntouched: boolean;
}
