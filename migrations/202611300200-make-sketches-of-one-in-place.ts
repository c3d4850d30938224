import { addUpDeltasByHash } from './202611290900-add-up-deltas-by-hash.js';
import type { Migration } from './migration.js';

/** The function as it is; what a group's lists become is the one thing that changes. */
const before = addUpDeltasByHash.up.slice(
  addUpDeltasByHash.up.indexOf('CREATE OR REPLACE FUNCTION usage_record_add()'),
);
const after = before.replaceAll(
  /usage_sketch\((durations|first_tokens)\)/g,
  (call, list: string) =>
    `CASE WHEN ${list} IS NULL THEN 0 WHEN cardinality(${list}) = 1 THEN usage_sketch(${list}[1]) ELSE ${call} END`,
);

/**
 * Where most records differ in their metadata, most groups have one value, and the function that makes a sketch of a list was
 * begun and ended for each of them: a third of all that Postgres did for a shipment. That of one value is a part of the
 * statement; a function with a query in it is not.
 */
export const makeSketchesOfOneInPlace: Migration = {
  name: '202611300200-make-sketches-of-one-in-place',
  up: after,
  down: before,
};
