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
import { SCENARIOS } from './scenarios/scenario.js';
import type { Surroundings, System, SystemName } from './system.js';
import { startTollgate } from './tollgate/tollgate.js';
import { startUpstream } from './upstream/upstream.js';

const { running, shutDown } = beginRun();

async function startSystems(options: BenchOptions, isPinned: boolean): Promise<Map<SystemName, System>> {
  const folder = await running.add(makeFolder);
  const upstream = await running.add(startUpstream);
  const surroundings: Surroundings = {
    upstreamPort: upstream.port,
    core: isPinned ? MEASURED_CORE : null,
    folder: folder.path,
  };
  const tollgate = await startTollgate(running, surroundings, options);
  const systems = [...tollgate, await running.add(() => startBareRelay(surroundings))];
  if (hasNginx()) systems.push(await running.add(() => startNginx(surroundings)));
  else say('nginx is not on PATH: no P2.');
  return new Map(systems.map((system) => [system.name, system]));
}

async function bench(options: BenchOptions): Promise<void> {
  const isPinned = pinToLoadCore();
  const systems = await startSystems(options, isPinned);
  const load = await running.add(startLoad);
  const figures: Figure[] = [];
  for (const scenario of SCENARIOS) {
    const isWanted = options.scenarios?.includes(scenario.name) ?? (scenario.isInQuickRun || !options.isQuick);
    if (!isWanted) continue;
    const present = scenario.systems.flatMap((name) => systems.get(name) ?? []);
    const rounds = await measureInterleaved(load, present, scenario.plan(options.isQuick));
    say(`${measurementsTable(scenario.name, rounds)}\n`);
    for (const [name, measurements] of rounds) {
      const error = measurements.find(({ firstError }) => firstError !== null)?.firstError;
      if (typeof error === 'string') say(`The first error of ${name}: ${error}\n`);
    }
    figures.push(...scenario.figures(rounds));
  }
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const outcome = { machine: describeMachine(isPinned), commit: currentCommit(root), figures };
  say(figuresTable(outcome));
  await running.stopAll();
  if (options.asJson) say(asJson(outcome));
}

try {
  await bench(parseOptions(process.argv.slice(2)));
  await shutDown(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await shutDown(1);
}
