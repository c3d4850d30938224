import type { Migration } from './migration.js';

/** Index → what it is on, up to the id, and of which records alone. */
const INDEXES = [
  ['gateway', 'account_id, gateway_id', ''],
  ['model', 'gateway_id, model', ''],
  ['failure', 'gateway_id, status_code', 'WHERE status_code >= 400'],
  ['token', 'gateway_id, api_token_id', 'WHERE api_token_id IS NOT NULL'],
  ['error', 'gateway_id, error_code', 'WHERE error_code IS NOT NULL'],
] as const;

/** Under another name first: until the last one is there, records can be read by the old ones. */
function remade(order: '' | ' DESC'): string {
  const made = INDEXES.map(
    ([name, columns, where]) =>
      `CREATE INDEX usage_record_${name}_idx_next ON usage_record (${columns}, id${order}) ${where};`,
  );
  const replaced = INDEXES.map(
    ([name]) => `DROP INDEX usage_record_${name}_idx;
ALTER INDEX usage_record_${name}_idx_next RENAME TO usage_record_${name}_idx;`,
  );
  return [...made, ...replaced].join('\n');
}

/**
 * Ids come in the order of time. In an index by `id DESC` each stands in front of those before it, where a page that is full
 * is halved: 128 bytes an entry. Behind them it takes 43, and pages of logs, newest first, read it backwards as quickly
 * (docs/decisions/0051-indexes-grow-at-their-end.md).
 */
export const letIndexesGrowAtTheirEnd: Migration = {
  name: '202611300900-let-indexes-grow-at-their-end',
  up: remade(''),
  down: remade(' DESC'),
};
