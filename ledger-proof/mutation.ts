/** The checker's own proof: one change to the ledger that it has to find, made as the tables' owner, and taken back. */
import type pg from 'pg';
import { z } from 'zod';
import { isClean, type Finding, type Verdict } from './verdict.js';

export const MUTATIONS = ['remove', 'double', 'alter'] as const;
export type Mutation = (typeof MUTATIONS)[number];

/** What each has to be found as, exactly once, and nothing else. */
export const EXPECTED: Readonly<Record<Mutation, Finding>> = {
  remove: 'lost',
  double: 'duplicated',
  alter: 'wrongAmount',
};

const TABLE = 'proof_mutated_row';
/** By its id among the answered ones, the same for the same seed of the same run. */
const CHOOSE = `CREATE TABLE ${TABLE} AS SELECT * FROM usage_record
  WHERE account_id = $1 AND kind = 'USAGE' AND usage_source = 'PROVIDER' AND status_code = 200
  ORDER BY md5(event_id) LIMIT 1`;
const CHANGES: Readonly<Record<Mutation, readonly string[]>> = {
  remove: [`DELETE FROM usage_record u USING ${TABLE} m WHERE u.day = m.day AND u.id = m.id`],
  double: [
    `UPDATE ${TABLE} SET id = gen_random_uuid(), spool = NULL, spool_seq = NULL`,
    `INSERT INTO usage_record SELECT * FROM ${TABLE}`,
  ],
  alter: [`UPDATE usage_record u SET cost_pico = u.cost_pico + 1 FROM ${TABLE} m WHERE u.day = m.day AND u.id = m.id`],
};
const REPAIRS: Readonly<Record<Mutation, string>> = {
  remove: `INSERT INTO usage_record SELECT * FROM ${TABLE}`,
  double: `DELETE FROM usage_record u USING ${TABLE} m WHERE u.day = m.day AND u.id = m.id`,
  alter: `UPDATE usage_record u SET cost_pico = m.cost_pico FROM ${TABLE} m WHERE u.day = m.day AND u.id = m.id`,
};

/** Changes one row; throws when there is none to change. */
export async function mutate(owner: pg.ClientBase, mutation: Mutation, accountId: string): Promise<void> {
  await owner.query('BEGIN');
  const chosen = await owner.query(CHOOSE.replace('$1', `'${z.uuid().parse(accountId)}'`)); // a utility takes no parameter
  if (chosen.rowCount !== 1) throw new Error('the ledger has no row to change');
  for (const sql of CHANGES[mutation]) await owner.query(sql);
  await owner.query('COMMIT');
}

export async function repair(owner: pg.ClientBase, mutation: Mutation): Promise<void> {
  await owner.query('BEGIN');
  await owner.query(REPAIRS[mutation]);
  await owner.query(`DROP TABLE ${TABLE}`);
  await owner.query('COMMIT');
}

/**
 * Whether the changed ledger was found out, beside what was `before`: one more of the expected kind, none of another.
 */
export function isFoundOut(mutation: Mutation, before: Verdict, after: Verdict): boolean {
  const { findings } = after;
  const isAsExpected = Object.entries(findings).every(([finding, { count }]) => {
    const earlier = Object.entries(before.findings).find(([name]) => name === finding)?.[1].count ?? 0;
    return count === earlier + (finding === EXPECTED[mutation] ? 1 : 0);
  });
  // The number of a removed row is missing from its spool.
  const missing = mutation === 'remove' && before.spools.spools > 0 ? 1 : 0;
  return isAsExpected && after.spools.missing === before.spools.missing + missing && !isClean(after);
}
