import type { Migration } from './migration.js';

/** What prompts are rated by is looked up as all else that somebody did to a log: an index of nothing else. */
export const createScoreIndex: Migration = {
  name: '202611291000-create-score-index',
  up: `
-- logs with a score: bodies that are shipped have none, so that it costs them nothing
CREATE INDEX log_body_score_idx ON log_body (gateway_id, id) WHERE score IS NOT NULL;`,
  down: 'DROP INDEX log_body_score_idx;',
};
