/** Runs the matrix of the management REST: every route, for every caller, on every target. */
import { REST_ROUTES } from '../../../api/rest/rest-router.js';
import { startTestApi, type TestApi } from '../api.js';
import { restCaller } from '../rest.js';
import { callerShare, sampled } from '../test-size.js';
import { REST_ROWS, REST_TARGETS, type RestRow, type RestTargetName } from './rest-rows.js';
import type { MatrixRun } from './run.js';
import { buildWorld, type Caller, type Target, type World } from './world.js';

/** Routes without a row. */
export const uncoveredRoutes = (): string[] =>
  REST_ROUTES.map(({ method, path }) => `${method} ${path}`).filter((route) => !(route in REST_ROWS));

/** The matrix, in an api and a database of its own; at the small size for a part of the callers. */
export async function runRestMatrix(isolation: 'both' | 'row-level-security'): Promise<MatrixRun> {
  const api = await startTestApi({ isolation });
  try {
    return await runRows(api);
  } finally {
    await api.stop();
  }
}

async function runRows(api: TestApi): Promise<MatrixRun> {
  const world = await buildWorld(api.owner);
  const { own, deleted, malformed } = world.targets;
  const inside = { goneInside: { ...deleted, tag: own.tag }, malformedInside: { ...malformed, tag: own.tag } };
  const faults: string[] = [];
  let cells = 0;
  let untouched: Target | null = null;
  for (const [turn, [route, row]] of Object.entries(REST_ROWS).entries()) {
    for (const caller of sampled(world.callers, callerShare, turn)) {
      if (row.isMutation === true) untouched ??= await world.fresh();
      const targets = { ...world.targets, ...inside, own: (row.isMutation === true ? untouched : null) ?? own };
      const found = await Promise.all(
        REST_TARGETS.map((name) => faultOf(api.url, world, { route, row, caller, name, target: targets[name] })),
      );
      faults.push(...found.filter((fault) => fault !== null));
      cells += found.length;
      // A refusal leaves it as it was, or whoever may change it next finds that out.
      if (row.isMutation === true && row.expected(caller, 'own') === 200) untouched = null;
    }
  }
  return { cells, faults };
}

interface Cell {
  readonly route: string;
  readonly row: RestRow;
  readonly caller: Caller;
  readonly name: RestTargetName;
  readonly target: Target;
}

async function faultOf(url: string, world: World, cell: Cell): Promise<string | null> {
  const { route, row, caller, name, target } = cell;
  const method = route.split(' ')[0]?.toUpperCase() ?? '';
  const { status, text } = await restCaller(url, target.tag, caller.token)(method, row.path(target), row.body);
  const hidden = [...world.foreignTexts, ...(caller.kind === 'operator' ? [] : world.foreignAccountTexts)];
  const leaked = hidden.filter((secret) => text.includes(secret));
  const where = `${route} by ${caller.name} on ${name}`;
  if (leaked.length > 0) return `${where}: leaks ${leaked.join(', ')}`;
  const expected = row.expected(caller, name);
  return status === expected ? null : `${where}: expected ${expected}, got ${status}: ${text.slice(0, 200)}`;
}
