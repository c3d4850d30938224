/**
 * `tollgate` as its users run it, in a folder of its own: within the test's process, which spares a second a run, or as
 * the compiled program in a process of its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../cli/program.js';

const PROGRAM = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

export interface Tollgate {
  /** `env` is all that the program is given besides the url and the token; names of YAML files are of the folder */
  run(args: readonly string[], env?: Environment): Promise<Ran>;
  /** as `run`, in a process of its own */
  spawned(args: readonly string[], env?: Environment): Promise<Ran>;
  write(name: string, text: string): void;
  read(name: string): string;
  close(): void;
}

export function tollgateOf(url: string, token: string): Tollgate {
  const folder = mkdtempSync(path.join(tmpdir(), 'tollgate-cli-'));
  const own = { TOLLGATE_URL: url, TOLLGATE_TOKEN: token };
  return {
    async run(args, env = {}) {
      const said = { stdout: '', stderr: '' };
      const code = await runProgram(
        args.map((arg) => (arg.endsWith('.yaml') ? path.join(folder, arg) : arg)),
        { ...own, ...env },
        { out: (text) => (said.stdout += text), error: (text) => (said.stderr += text) },
      );
      const here = (text: string): string => text.replaceAll(`${folder}${path.sep}`, '');
      return { code, stdout: here(said.stdout), stderr: here(said.stderr) };
    },
    async spawned(args, env = {}) {
      const child = spawn(process.execPath, [PROGRAM, ...args], {
        cwd: folder,
        env: { ...own, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const said = { stdout: '', stderr: '' };
      child.stdout.on('data', (chunk) => (said.stdout += String(chunk)));
      child.stderr.on('data', (chunk) => (said.stderr += String(chunk)));
      const [code] = (await once(child, 'close')) as [number | null]; // what node gives
      return { code, ...said };
    },
    write: (name, text) => writeFileSync(path.join(folder, name), text),
    read: (name) => readFileSync(path.join(folder, name), 'utf8'),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
