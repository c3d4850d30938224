/** What `npm run bench -- …` was asked for. */
import { parseArgs } from 'node:util';

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

export const USAGE = `npm run bench -- [--quick] [--json] [--scenario json,sse] [--profile FOLDER]`;

/** Throws on an option that does not exist. */
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
  return {
    isQuick: values.quick,
    asJson: values.json,
    scenarios: values.scenario?.split(',') ?? null,
    profileFolder: values.profile ?? null,
  };
}
