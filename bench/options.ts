/** What `npm run bench -- …` was asked for. */
import { parseArgs } from 'node:util';
import { OWN_SCENARIOS, SCENARIOS } from './scenarios/scenario.js';

const SCENARIO_NAMES: readonly string[] = [...SCENARIOS, ...OWN_SCENARIOS].map(({ name }) => name);

export interface BenchOptions {
  /** a minute at most, and only the figures that this leaves time for */
  readonly isQuick: boolean;
  /** one JSON object as the last thing on stdout */
  readonly asJson: boolean;
  /** scenarios to run, by name; null: those of a full (or quick) run */
  readonly scenarios: readonly string[] | null;
  /** where the proxy's CPU profile goes (Node's `--cpu-prof`); null: none. Profiling costs a little throughput. */
  readonly profileFolder: string | null;
}

/** Throws on an option or a scenario that does not exist. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      scenario: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const scenarios = values.scenario?.split(',') ?? null;
  const unknown = scenarios?.find((name) => !SCENARIO_NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`There is no scenario ${unknown}.`);
  return {
    isQuick: values.quick,
    asJson: values.json,
    scenarios,
    profileFolder: values.profile ?? null,
  };
}
