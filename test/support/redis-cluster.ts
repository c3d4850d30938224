/** A Redis Cluster of one's own: three masters on loopback, which share the slots. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { isOnPath } from '../../platform/embedded/redis.js';
import { freePort } from '../../platform/listen.js';
import { removeSpoolFolder } from './ledger.js';
import { waitFor } from './wait-for.js';

const MASTERS = 3;
const SLOTS = 16_384;

export interface TestRedisCluster {
  /** of all nodes, as `REDIS_URL` takes them */
  readonly url: string;
  /** how many keys each master has */
  keysOfEach(): Promise<readonly number[]>;
  close(): Promise<void>;
}

export async function startRedisCluster(): Promise<TestRedisCluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tollgate-cluster-'));
  const program = isOnPath('redis-server') ? 'redis-server' : 'valkey-server';
  const ports = await Promise.all(Array.from({ length: MASTERS }, freePort));
  const buses = await Promise.all(ports.map(freePort));
  const children = ports.map((port, index) => startNode(program, folder, { port, bus: buses[index] ?? 0 }));
  const nodes = ports.map((port) => {
    const node = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: null });
    return node.on('error', () => undefined); // it is not up yet
  });
  for (const [index, node] of nodes.entries()) {
    const [from, to] = [index, index + 1].map((each) => Math.floor((each * SLOTS) / MASTERS));
    await node.call('CLUSTER', 'ADDSLOTSRANGE', from ?? 0, (to ?? 0) - 1);
    const [port, bus] = [ports[0] ?? 0, buses[0] ?? 0];
    if (index > 0) await node.call('CLUSTER', 'MEET', '127.0.0.1', port, bus);
  }
  for (const node of nodes) {
    const state = async (): Promise<boolean> => String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok');
    await waitFor(state, 'the cluster is whole', 30_000);
  }
  return {
    url: `redis://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`,
    keysOfEach: () => Promise.all(nodes.map((node) => node.dbsize())),
    async close() {
      for (const node of nodes) node.disconnect();
      await Promise.all(children.map(ended));
      await removeSpoolFolder(folder);
    },
  };
}

function startNode(program: string, folder: string, { port, bus }: { port: number; bus: number }): ChildProcess {
  const settings: Readonly<Record<string, string | number>> = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    'cluster-enabled': 'yes',
    'cluster-port': bus,
    'cluster-config-file': `nodes-${port}.conf`,
    'cluster-node-timeout': 5_000,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return spawn(program, args, { stdio: 'ignore' });
}

async function ended(child: ChildProcess): Promise<void> {
  const hasEnded = once(child, 'exit');
  child.kill('SIGKILL');
  await hasEnded;
}
