/** `tollgate` from its arguments to its exit code: 0, 1 when something was wrong, 2 when it was called wrongly. */
import { EnvironmentError } from '../platform/environment.js';
import { readArguments, USAGE, UsageProblem } from './arguments.js';
import { runCommand } from './commands.js';
import { readCliConfig } from './config.js';
import { Problem } from './problem.js';

/** Where it writes. */
export interface Outputs {
  out(text: string): void;
  error(text: string): void;
}

export async function runProgram(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  { out, error: tell }: Outputs,
): Promise<number> {
  try {
    const wanted = readArguments(args);
    if (wanted !== null) return await runCommand(wanted, readCliConfig(environment), out);
    out(USAGE);
    return 0;
  } catch (error) {
    if (!(error instanceof Problem) && !(error instanceof EnvironmentError)) throw error;
    tell(`${error.message}\n`);
    return error instanceof UsageProblem ? 2 : 1;
  }
}
