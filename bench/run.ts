/**
 * `npm run bench`: Tollgate's proxy beside its controls, under the same load, in turns. It judges nothing: the figures
 * are for reading. Whatever it starts ends with it.
 */
import { beginRun, makeFolder, say } from './bench-run.js';
import { fileURLToPath } from 'node:url';
import { startBareRelay } from './controls/bare-relay.js';
import { hasNginx, startNginx } from './controls/nginx.js';
import type { Figure } from './figures.js';
import { startLoad } from './load/load.js';
import { currentCommit, describeMachine, MEASURED_CORE, pinToLoadCore } from './machine.js';
import { parseOptions, type BenchOptions } from './options.js';
import { asJson, figuresTable, measurementsTable } from './report.js';
import { measureInterleaved } from './scenarios/measurement.js';
import { LEDGER_SCENARIO, measureLedger } from './scenarios/ledger.js';
import { measureOverload, OVERLOAD_SCENARIO } from './scenarios/overload.js';
import { SCENARIOS, type Scenario } from './scenarios/scenario.js';
import type { Surroundings, System, SystemName } from './system.js';
import { startTollgate } from './tollgate/tollgate.js';
import { startUpstream } from './upstream/upstream.js';

const { running, shutDown } = beginRun();

async function prepare(isPinned: boolean): Promise<Surroundings> {
  const folder = await running.add(makeFolder);
  const upstream = await running.add(startUpstream);
  return { upstreamPort: upstream.port, core: isPinned ? MEASURED_CORE : null, folder: folder.path };
}

async function startSystems(options: BenchOptions, surroundings: Surroundings): Promise<Map<SystemName, System>> {
  const tollgate = await startTollgate(running, surroundings, options);
  const systems = [...tollgate, await running.add(() => startBareRelay(surroundings))];
  if (hasNginx()) systems.push(await running.add(() => startNginx(surroundings)));
  else say('nginx is not on PATH: no P2.');
  return new Map(systems.map((system) => [system.name, system]));
}

async function bench(options: BenchOptions): Promise<void> {
  const isPinned = pinToLoadCore();
  const surroundings = await prepare(isPinned);
  const wanted = SCENARIOS.filter((scenario) => isWanted(options, scenario));
  const hasOverload = isWanted(options, { name: OVERLOAD_SCENARIO, isInQuickRun: false });
  const hasNone = wanted.length === 0 && !hasOverload;
  const figures = hasNone ? [] : await measureSystems(options, surroundings, wanted);
  if (isWanted(options, { name: LEDGER_SCENARIO, isInQuickRun: false })) {
    figures.push(...(await measureLedger(running, surroundings, say)));
  }
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const outcome = { machine: describeMachine(isPinned), commit: currentCommit(root), figures };
  say(figuresTable(outcome));
  await running.stopAll();
  if (options.asJson) say(asJson(outcome));
}

function isWanted(
  { scenarios, isQuick }: BenchOptions,
  { name, isInQuickRun }: Pick<Scenario, 'name' | 'isInQuickRun'>,
): boolean {
  return scenarios?.includes(name) ?? (isInQuickRun || !isQuick);
}

async function measureSystems(
  options: BenchOptions,
  surroundings: Surroundings,
  wanted: readonly Scenario[],
): Promise<Figure[]> {
  const systems = await startSystems(options, surroundings);
  const load = await running.add(startLoad);
  const figures: Figure[] = [];
  for (const scenario of wanted) {
    const present = scenario.systems.flatMap((name) => systems.get(name) ?? []);
    const rounds = await measureInterleaved(load, present, scenario.plan(options.isQuick));
    say(`${measurementsTable(scenario.name, rounds)}\n`);
    for (const [name, measurements] of rounds) {
      const error = measurements.find(({ firstError }) => firstError !== null)?.firstError;
      if (typeof error === 'string') say(`The first error of ${name}: ${error}\n`);
    }
    figures.push(...scenario.figures(rounds));
  }
  const tollgate = systems.get('tollgate');
  if (tollgate !== undefined && isWanted(options, { name: OVERLOAD_SCENARIO, isInQuickRun: false })) {
    figures.push(...(await measureOverload(load, tollgate, say)));
  }
  return figures;
}

try {
  await bench(parseOptions(process.argv.slice(2)));
  await shutDown(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await shutDown(1);
}
