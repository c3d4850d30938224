/** What strikes one proxy. Each fault ends with the proxy serving again, and says what happened. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ProxyProcess } from '../proxy-process.js';
import type { FaultTools } from './fault.js';

const LOOK_MS = 5;
/** Streams come by the second; while a store is away it may take longer until the proxy serves any. */
const STREAM_DEADLINE_MS = 40_000;

/** Strikes while the proxy has streams in their middle; null: none came. */
async function strikeMidStream(
  tools: FaultTools,
  proxy: ProxyProcess,
  signal: 'SIGKILL' | 'SIGTERM',
): Promise<string | null> {
  const deadline = performance.now() + STREAM_DEADLINE_MS;
  while (performance.now() < deadline) {
    const streams = await tools.streamsInTheMiddle(proxy.number);
    if (streams > 0 && (await proxy.end(signal))) {
      await proxy.untilServing();
      return `${streams} streams in their middle`;
    }
    await delay(LOOK_MS);
  }
  return null;
}

export const killMidStream = (tools: FaultTools, proxy: ProxyProcess): Promise<string | null> =>
  strikeMidStream(tools, proxy, 'SIGKILL');

export const terminate = (tools: FaultTools, proxy: ProxyProcess): Promise<string | null> =>
  strikeMidStream(tools, proxy, 'SIGTERM');

/** At whatever moment: between two requests, or while it ships. */
export async function kill({ random }: FaultTools, proxy: ProxyProcess): Promise<string | null> {
  await proxy.untilServing();
  await delay(random.integer(0, 1_000));
  if (!(await proxy.end('SIGKILL'))) return null;
  await proxy.untilServing();
  return '';
}

/** Nobody is left to inherit what they leave behind, until the next ones start. */
export async function killAll({ proxies }: FaultTools): Promise<string | null> {
  const ended = await Promise.all(proxies.map((proxy) => proxy.end('SIGKILL')));
  for (const proxy of proxies) await proxy.untilServing();
  const killed = ended.filter((isEnded) => isEnded).length;
  return killed === 0 ? null : `${killed} proxies`;
}

export async function pause({ random }: FaultTools, proxy: ProxyProcess): Promise<string | null> {
  const pauseMs = random.integer(1_000, 5_000);
  if (!proxy.signal('SIGSTOP')) return null;
  await delay(pauseMs);
  proxy.signal('SIGCONT');
  await proxy.untilServing();
  return `${pauseMs} ms`;
}
