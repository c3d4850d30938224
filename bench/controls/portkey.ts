/**
 * The peer that is written for Node too, Portkey's open gateway, as its package starts it. It comes from the package
 * registry when a run first wants it, into the user's cache folder: nothing of ours depends on it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../platform/listen.js';
import { CHAT_PATH } from '../load/messages.js';
import { untilOpen } from '../open-port.js';
import { Program } from '../program.js';
import type { Surroundings, System } from '../system.js';

const PORTKEY = '@portkey-ai/gateway@1.15.2';
const FETCH_MS_MAX = 120_000;

const cacheHome = process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache');
const home = path.join(cacheHome, 'tollgate-bench', PORTKEY.replaceAll('/', '-'));
const program = path.join(home, 'node_modules', '@portkey-ai', 'gateway', 'build', 'start-server.js');
/** It has no option for the address, and would listen on all. */
const onLoopback = fileURLToPath(new URL('../programs/on-loopback.js', import.meta.url));

/** Whether it is here, or could be fetched. */
export function hasPortkey(): boolean {
  if (!existsSync(program)) {
    const args = ['install', '--prefix', home, PORTKEY, '--ignore-scripts', '--no-audit', '--no-fund'];
    spawnSync('npm', args, { stdio: 'ignore', timeout: FETCH_MS_MAX });
  }
  return existsSync(program);
}

export async function startPortkey({ upstreamPort, core }: Surroundings): Promise<System> {
  const port = await freePort();
  const started = await Program.start({
    name: 'Portkey',
    core,
    command: process.execPath,
    args: ['--import', onLoopback, program, `--port=${port}`, '--headless'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  await Promise.race([untilOpen(port), started.failed]);
  const headers = ['x-portkey-provider: openai', `x-portkey-custom-host: http://127.0.0.1:${upstreamPort}/v1`];
  const target = { port, path: CHAT_PATH, headers };
  return { name: 'portkey', pid: started.pid, target, failed: started.failed, stop: () => started.stop() };
}
