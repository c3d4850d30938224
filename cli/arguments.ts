/** What was written behind `tollgate`. */
import { parseArgs } from 'node:util';
import { Problem } from './problem.js';

export const USAGE = `tollgate export [--out FILE]                 the account's configuration as YAML
tollgate plan FILE [--prune] [--exit-code]   what applying the file would do; with --exit-code, 3 when it would do anything
tollgate apply FILE [--prune]                does it, all of it or nothing
  --prune               deletes what the file's sections lack
  --if-revision TEXT    only if nothing has changed since the plan or the export that told it
FILE is - for standard input. TOLLGATE_TOKEN is an API token; TOLLGATE_URL (http://localhost:4000) is where the api is;
TOLLGATE_ACCOUNT names the account, if the token is of several. docs/configuration-as-code.md tells of the file.
`;

/** It was called wrongly. */
export class UsageProblem extends Problem {
  constructor(problem: string | null) {
    super(problem === null ? [USAGE.trimEnd()] : [problem, USAGE.trimEnd()]);
  }
}

export interface Arguments {
  readonly command: 'export' | 'plan' | 'apply';
  /** empty for an export */
  readonly file: string;
  /** null: standard output */
  readonly out: string | null;
  readonly prune: boolean;
  readonly exitCode: boolean;
  readonly ifRevision: string | null;
}

/** null: help is what was asked for. Throws UsageProblem for what is no command. */
export function readArguments(args: readonly string[]): Arguments | null {
  const { values, positionals } = parsed(args);
  if (values.help === true) return null;
  const [command, file = '', ...more] = positionals;
  if (command !== 'export' && command !== 'plan' && command !== 'apply') throw new UsageProblem(null);
  if ((command === 'export') !== (file === '') || more.length > 0) throw new UsageProblem(null);
  return {
    command,
    file,
    out: values.out ?? null,
    prune: values.prune === true,
    exitCode: values['exit-code'] === true,
    ifRevision: values['if-revision'] ?? null,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        out: { type: 'string' },
        prune: { type: 'boolean' },
        'exit-code': { type: 'boolean' },
        'if-revision': { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageProblem(error instanceof Error ? error.message : 'the arguments cannot be read');
  }
}
