import { addByHashFunction, sketchOfList } from './202611290900-add-up-deltas-by-hash.js';
import type { Migration } from './migration.js';

/** Written out, for Postgres takes a function with a query in it as one, and the one of a single value into the statement. */
const sketchOfFew = (list: string): string =>
  `CASE WHEN ${list} IS NULL THEN 0 WHEN cardinality(${list}) = 1 THEN usage_sketch(${list}[1]) ELSE usage_sketch(${list}) END`;

/**
 * Where most records differ in their metadata, most groups have one value, and the function that makes a sketch of a list was
 * begun and ended for each of them: a third of all that Postgres did for a shipment.
 */
export const makeSketchesOfOneInPlace: Migration = {
  name: '202611300200-make-sketches-of-one-in-place',
  up: addByHashFunction(sketchOfFew),
  down: addByHashFunction(sketchOfList),
};
