/**
 * Names of what only the migrations define. TypeORM cannot express a CHECK's or a descending index's text and compare
 * it, but it would report one that it has never heard of: naming it here makes the drift test cover its existence.
 */
import { Check, Index } from 'typeorm';

/** Declares CHECK constraints by name; their text stands in the migration. */
export function MigratedChecks(...names: readonly string[]): ClassDecorator {
  return (target) => {
    for (const name of names) Check(name, 'true')(target);
  };
}

/** Declares indexes by name (partial, descending, over expressions); their text stands in the migration. */
export function MigratedIndexes(...names: readonly string[]): ClassDecorator {
  return (target) => {
    for (const name of names) Index(name, { synchronize: false })(target);
  };
}
