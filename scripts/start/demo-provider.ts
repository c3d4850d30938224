/** The demo provider as a child: its own process, so that its work is never the proxy's. */
import { TIER_NODE_FLAGS } from '../../platform/node-flags.js';
import { Child } from './child.js';
import { asDemoPort } from './messages.js';
import { demoEnvironment } from './tier-environment.js';

const READY_TIMEOUT_MS = 10_000;

export interface DemoProvider {
  /** where the provider slug `demo` points */
  readonly origin: string;
  /** rejects when it ends unasked */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

export async function startDemoProvider(dataDir: string): Promise<DemoProvider> {
  const child = Child.start({
    name: 'demo',
    program: 'demo/main.js',
    flags: TIER_NODE_FLAGS,
    env: demoEnvironment(),
    dataDir,
  });
  const port = await child.message(asDemoPort, READY_TIMEOUT_MS);
  if (port === null) throw new Error('The demo provider did not start; DEMO=0 does without it.');
  return { origin: `http://127.0.0.1:${port}`, failed: child.failed, stop: () => child.stop() };
}
