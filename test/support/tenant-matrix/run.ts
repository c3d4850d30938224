/** Runs the matrix: every row, for every caller, on every target. */
import { fieldsThatOpenData } from '../../../api/graphql/authorization-check.js';
import { buildApiSchema } from '../../../api/graphql/schema.js';
import { startTestApi, type TestApi } from '../api.js';
import { graphqlCaller, type GraphqlAnswer } from '../graphql.js';
import { subscribeBySse } from '../subscriber.js';
import { callerShare, oneWallShare, sampled } from '../test-size.js';
import { ALL_ROWS } from './people-rows.js';
import { FIELDS_WITHOUT_TENANT } from './fields-without-tenant.js';
import { type Row } from './rows.js';
import { buildWorld, TARGETS, type Caller, type TargetName, type World } from './world.js';

export const MATRIX_TIMEOUT_MS = 240_000;
/** Fewer would not be the matrix: rows, callers or targets are gone. */
export const CELLS_MIN = 5_000 / callerShare;

/** Fields that open data and that no row covers. */
export function uncoveredFields(): string[] {
  const covered = new Set([...Object.keys(ALL_ROWS), ...FIELDS_WITHOUT_TENANT]);
  return fieldsThatOpenData(buildApiSchema()).filter((field) => !covered.has(field));
}

export interface MatrixRun {
  readonly cells: number;
  /** what was wrong, one line a cell */
  readonly faults: readonly string[];
}

/**
 * The matrix, in an api and a database of its own; at the small size for a part of the callers, and of the rows where
 * one wall stands alone.
 */
export async function runMatrix(isolation: 'both' | 'row-level-security'): Promise<MatrixRun> {
  const api = await startTestApi({ isolation });
  try {
    return await runRows(api, isolation === 'both' ? 1 : oneWallShare);
  } finally {
    await api.stop();
  }
}

/** One in `share` of the rows, by the seed. */
async function runRows(api: TestApi, share: number): Promise<MatrixRun> {
  const world = await buildWorld(api.owner);
  const faults: string[] = [];
  let cells = 0;
  let untouched = await world.fresh();
  for (const [turn, [coordinate, row]] of sampled(Object.entries(ALL_ROWS), share).entries()) {
    const isMutation = row.isMutation === true;
    for (const caller of sampled(world.callers, callerShare, turn)) {
      const targets = isMutation ? { ...world.targets, own: untouched } : world.targets;
      const answers = await Promise.all(
        TARGETS.map((target) => answered(api.url, caller, row.document, row.variables(targets[target]))),
      );
      for (const [index, target] of TARGETS.entries()) {
        const fault = faultOf(world, { row, caller, target }, answers[index]);
        if (fault !== null) faults.push(`${coordinate} by ${caller.name} on ${target}: ${fault}`);
        cells++;
      }
      // A refusal leaves it as it was, or whoever may change it next finds that out.
      if (isMutation && answers[TARGETS.indexOf('own')]?.data) untouched = await world.fresh();
    }
  }
  return { cells, faults };
}

interface Cell {
  readonly row: Row;
  readonly caller: Caller;
  readonly target: TargetName;
}

function faultOf(world: World, { row, caller, target }: Cell, answer: Answered | undefined): string | null {
  if (answer === undefined) return 'no answer';
  const leaked = leaks(world, caller).filter((text) => answer.text.includes(text));
  if (leaked.length > 0) return `leaks ${leaked.join(', ')}`;
  const expected = row.expected(caller, target);
  const actual = outcomeOf(answer);
  return actual === expected ? null : `expected ${expected}, got ${actual}: ${answer.text.slice(0, 200)}`;
}

type Answered = Pick<GraphqlAnswer, 'text' | 'data' | 'errors'>;

/** Of a subscription: whether it stands, or what it was refused with. */
async function answered(
  url: string,
  { token }: Caller,
  query: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<Answered> {
  if (!query.startsWith('subscription')) return graphqlCaller(url, token)(query, variables);
  const subscriber = await subscribeBySse(url, token, { query, variables });
  await subscriber.stop();
  const { logs, errors } = subscriber;
  return { text: JSON.stringify({ logs, errors }), data: { logs: {} }, errors };
}

const leaks = (world: World, caller: Caller): readonly string[] =>
  caller.kind === 'operator' ? world.foreignTexts : [...world.foreignTexts, ...world.foreignAccountTexts];

/** An `Outcome`, or a code that none of them is. */
function outcomeOf(answer: Answered): string {
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
