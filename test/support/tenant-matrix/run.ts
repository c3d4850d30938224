/** Runs the matrix: every row, for every caller, on every target. */
import { fieldsThatOpenData } from '../../../api/graphql/authorization-check.js';
import { buildApiSchema } from '../../../api/graphql/schema.js';
import type { TestApi } from '../api.js';
import { graphqlCaller, type GraphqlAnswer } from '../graphql.js';
import { FIELDS_WITHOUT_TENANT, ROWS, type Row } from './rows.js';
import { buildWorld, TARGETS, type Caller, type TargetName, type World } from './world.js';

/** Fields that open data and that no row covers. */
export function uncoveredFields(): string[] {
  const covered = new Set([...Object.keys(ROWS), ...FIELDS_WITHOUT_TENANT]);
  return fieldsThatOpenData(buildApiSchema()).filter((field) => !covered.has(field));
}

/** Answers how many cells ran and what was wrong, one line a cell. */
export async function runMatrix(api: TestApi): Promise<{ readonly cells: number; readonly faults: string[] }> {
  const world = await buildWorld(api.owner);
  const faults: string[] = [];
  let cells = 0;
  for (const [coordinate, row] of Object.entries(ROWS)) {
    for (const caller of world.callers) {
      const found = await Promise.all(TARGETS.map((target) => runCell(api.url, world, { row, caller, target })));
      for (const [index, fault] of found.entries()) {
        if (fault !== null) faults.push(`${coordinate} by ${caller.name} on ${TARGETS[index]}: ${fault}`);
        cells++;
      }
    }
  }
  return { cells, faults };
}

interface Cell {
  readonly row: Row;
  readonly caller: Caller;
  readonly target: TargetName;
}

async function runCell(url: string, world: World, { row, caller, target }: Cell): Promise<string | null> {
  const ids = row.isMutation === true && target === 'own' ? await world.fresh() : world.targets[target];
  const answer = await graphqlCaller(url, caller.token)(row.document, row.variables(ids));
  const leaked = leaks(world, caller).filter((text) => answer.text.includes(text));
  if (leaked.length > 0) return `leaks ${leaked.join(', ')}`;
  const expected = row.expected(caller, target);
  const actual = outcomeOf(answer);
  return actual === expected ? null : `expected ${expected}, got ${actual}: ${answer.text.slice(0, 200)}`;
}

const leaks = (world: World, caller: Caller): readonly string[] =>
  caller.kind === 'operator' ? world.foreignTexts : [...world.foreignTexts, ...world.foreignAccountTexts];

/** An `Outcome`, or a code that none of them is. */
function outcomeOf(answer: GraphqlAnswer): string {
  const [error] = answer.errors;
  if (error !== undefined) return error.extensions.code;
  return endsInNull(answer.data) ? 'null' : 'data';
}

/** Whether the way down, through objects of one field each, ends in null. */
function endsInNull(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== 'object' || Array.isArray(value)) return false;
  const fields = Object.values(value);
  return fields.length === 1 && endsInNull(fields[0]);
}
