/** The nginx control: `proxy_pass` with keep-alive on both sides, one process, its files in the run's folder. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../platform/listen.js';
import { CHAT_PATH } from '../load/messages.js';
import { untilOpen } from '../open-port.js';
import { Program } from '../program.js';
import type { Surroundings, System } from '../system.js';

export const hasNginx = (): boolean => spawnSync('nginx', ['-v'], { stdio: 'ignore' }).status === 0;

export async function startNginx({ upstreamPort, core, folder }: Surroundings): Promise<System> {
  const port = await freePort();
  const home = path.join(folder, 'nginx');
  mkdirSync(home);
  const file = path.join(home, 'nginx.conf');
  writeFileSync(file, nginxConfiguration({ port, upstreamPort, home }));
  const program = await Program.start({
    name: 'nginx',
    core,
    command: 'nginx',
    args: ['-p', home, '-c', file, '-e', 'stderr'],
  });
  await Promise.race([untilOpen(port), program.failed]);
  const target = { port, path: CHAT_PATH, headers: [] };
  return { name: 'nginx', pid: program.pid, target, failed: program.failed, stop: () => program.stop() };
}

/** One process without a master: its pid is the one whose CPU time counts. */
export function nginxConfiguration(at: { port: number; upstreamPort: number; home: string }): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${at.home}/${name};`,
  );
  return `daemon off;
master_process off;
worker_processes 1;
pid ${at.home}/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
${temporary.join('\n')}
  access_log off;
  keepalive_requests 1000000000;
  upstream provider {
    server 127.0.0.1:${at.upstreamPort};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${at.port};
    location / {
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
}
