/**
 * `npm run bench`: Tollgate's proxy beside its controls, under the same load, in turns. It judges nothing: the figures
 * are for reading. Whatever it starts ends with it.
 */
import { fileURLToPath } from 'node:url';
import { beginRun, makeFolder, say } from './bench-run.js';
import type { Figure } from './figures.js';
import { currentCommit, describeMachine, MEASURED_CORE, pinToLoadCore } from './machine.js';
import { parseOptions, type BenchOptions } from './options.js';
import { asJson, figuresTable, measurementsTable } from './report.js';
import { measureInterleaved } from './scenarios/measurement.js';
import { OWN_SCENARIOS, SCENARIOS, type Scenario } from './scenarios/scenario.js';
import { Testbed } from './testbed.js';
import { startUpstream } from './upstream/upstream.js';

const { running, shutDown } = beginRun();

async function bench(options: BenchOptions): Promise<void> {
  const isPinned = pinToLoadCore();
  const folder = await running.add(makeFolder);
  const upstream = await running.add(startUpstream);
  const surroundings = { upstreamPort: upstream.port, core: isPinned ? MEASURED_CORE : null, folder: folder.path };
  const testbed = new Testbed(running, surroundings, upstream, options);
  const figures: Figure[] = [];
  for (const scenario of SCENARIOS) {
    const { name, isInQuickRun } = scenario;
    if (isWanted(options, name, isInQuickRun)) figures.push(...(await measureInTurns(testbed, scenario, options)));
  }
  for (const scenario of OWN_SCENARIOS) {
    if (isWanted(options, scenario.name, false)) figures.push(...(await scenario.measure(testbed)));
  }
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const outcome = { machine: describeMachine(isPinned, upstream.runsFirst), commit: currentCommit(root), figures };
  say(figuresTable(outcome));
  await running.stopAll();
  if (options.asJson) say(asJson(outcome));
}

const isWanted = ({ scenarios, isQuick }: BenchOptions, name: string, isInQuickRun: boolean): boolean =>
  scenarios?.includes(name) ?? (isInQuickRun || !isQuick);

async function measureInTurns(testbed: Testbed, scenario: Scenario, { isQuick }: BenchOptions): Promise<Figure[]> {
  const systems = await testbed.systems(scenario.systems(isQuick));
  const rounds = await measureInterleaved(await testbed.load(), systems, scenario.plan(isQuick));
  say(`${measurementsTable(scenario.name, rounds)}\n`);
  for (const [name, measurements] of rounds) {
    const error = measurements.find(({ firstError }) => firstError !== null)?.firstError;
    if (typeof error === 'string') say(`The first error of ${name}: ${error}\n`);
  }
  return scenario.figures(rounds);
}

try {
  await bench(parseOptions(process.argv.slice(2)));
  await shutDown(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await shutDown(1);
}
