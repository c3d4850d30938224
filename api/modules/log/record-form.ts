/**
 * The two forms in which a record is looked for. Cost and metadata may have changed since it was written: a few
 * records, found by indexes of their own. All others are as they were written. So whatever filters or orders by either
 * looks twice: among the unchanged by what was written, among the changed by what is so now.
 */
import { CURRENT_COST_SQL } from './adjustments-sql.js';

export type RecordForm =
  /** as written: what has changed is left out */
  | 'WRITTEN'
  /** what has changed, as it is now; `adj` and `b` are joined */
  | 'CHANGED';

interface Form {
  /** null: it has no price */
  readonly costSql: string;
  /** the same, in which what has no price costs -1 */
  readonly orderedCostSql: string;
  readonly metadataSql: string;
}

export const CURRENT_METADATA_SQL = `CASE WHEN b.later_metadata IS NULL THEN u.metadata
  ELSE coalesce(u.metadata, '{}') || b.later_metadata END`;

export const FORMS: Readonly<Record<RecordForm, Form>> = {
  WRITTEN: {
    costSql: 'u.cost_pico',
    orderedCostSql: '(CASE WHEN u.cost_pico IS NULL THEN -1 ELSE u.cost_pico END)',
    metadataSql: 'u.metadata',
  },
  CHANGED: {
    costSql: `(${CURRENT_COST_SQL})::bigint`,
    orderedCostSql: `COALESCE((${CURRENT_COST_SQL})::bigint, -1)`,
    metadataSql: `(${CURRENT_METADATA_SQL})`,
  },
};
