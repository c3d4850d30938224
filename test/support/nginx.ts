/** A real nginx that answers everything with 200 and writes down every request line that it read, good or bad. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { makeDataDir } from './data-dir.js';
import { waitFor } from './wait-for.js';

export interface TestNginx {
  readonly origin: string;
  /** the request lines of its access log, each as `METHOD target`; those that it refused bear their status as well */
  requestLines(): readonly string[];
  stop(): Promise<void>;
}

export async function startNginx(): Promise<TestNginx> {
  const folder = makeDataDir('nginx');
  const port = await freePort();
  writeFileSync(path.join(folder, 'nginx.conf'), configuration(folder, port));
  const program = existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';
  const nginx = spawn(program, ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], { stdio: 'ignore' });
  const ended = once(nginx, 'exit');
  const origin = `http://127.0.0.1:${port}`;
  await waitFor(async () => (await fetch(`${origin}/ready`)).ok, 'nginx answers', 10_000);
  return {
    origin,
    requestLines: () =>
      readFileSync(path.join(folder, 'access.log'), 'utf8')
        .split('\n')
        .filter((line) => line !== '' && line !== '200 GET /ready HTTP/1.1')
        .map((line) => line.replace(/^200 (\S+ \S+) HTTP\/1\.1$/, '$1')),
    async stop() {
      nginx.kill('SIGTERM');
      await ended;
    },
  };
}

const configuration = (folder: string, port: number): string => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  log_format lines '$status $request';
  access_log ${folder}/access.log lines;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  large_client_header_buffers 4 32k;
  underscores_in_headers on;
  server {
    listen 127.0.0.1:${port};
    location / { default_type application/json; return 200 '{}'; }
  }
}
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  server.close();
  await once(server, 'close');
  return port;
}
