/**
 * `npm run demo`: a minute of mixed traffic through the running proxy, so that logs and charts have something to show.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { anyCallKind, anyMetadata, anyPrompt } from './calls.js';
import { readTrafficConfig } from './config.js';

const USERS_AT_ONCE = 4;
const PAUSE_MS_MAX = 600;
const CALL_TIMEOUT_MS = 30_000;

/** Outcome → how often. */
const counts = new Map<string, number>();

try {
  const { baseUrl, durationMs } = readTrafficConfig(process.argv.slice(2));
  console.log(`Sending mixed traffic to ${baseUrl} for ${Math.round(durationMs / 1000)} s …`);
  const endMs = Date.now() + durationMs;
  await call(baseUrl); // says at once when nobody is there
  await Promise.all(Array.from({ length: USERS_AT_ONCE }, () => user(baseUrl, endMs)));
  for (const [outcome, count] of [...counts].toSorted(([a], [b]) => a.localeCompare(b)))
    console.log(`  ${String(count).padStart(5)}  ${outcome}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function user(baseUrl: string, endMs: number): Promise<void> {
  while (Date.now() < endMs) {
    await call(baseUrl);
    await delay(Math.random() * PAUSE_MS_MAX);
  }
}

async function call(baseUrl: string): Promise<void> {
  const kind = anyCallKind();
  const answer = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'cf-aig-metadata': anyMetadata() },
    body: kind.body(anyPrompt()),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new Error(`Nobody answers at ${baseUrl}: is \`npm start\` running?`, { cause: error });
  });
  await answer.arrayBuffer();
  const outcome =
    answer.status === kind.status
      ? `${kind.name}: ${answer.status}`
      : `${kind.name}: ${answer.status} (${kind.status} expected)`;
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
}
