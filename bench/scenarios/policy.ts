/**
 * How soon a change of a gateway acts: it is committed and announced as the api does, and a client asks again and
 * again. The message may be lost; then the proxy finds the change when it next looks for it.
 */
import { Redis } from 'ioredis';
import pg from 'pg';
import { POLICY_CHANNEL } from '../../schema/contracts/redis-keys.js';
import { say } from '../bench-run.js';
import { figure } from '../figures.js';
import { table } from '../report.js';
import { percentile } from '../statistics.js';
import { GATEWAYS } from '../tollgate/seed.js';
import type { Tollgate } from '../tollgate/tollgate.js';
import type { OwnScenario } from './scenario.js';

const CHANGES = 100;
const UNSEEN_MS_MAX = 10_000;

const CHANGE_SQL = `
WITH settings AS (
  UPDATE gateway_settings SET authentication = $3 WHERE account_id = $1 AND gateway_id = (
    SELECT id FROM gateway WHERE account_id = $1 AND name = $2)
), renumbered AS (
  UPDATE gateway SET config_version = config_version + 1, revision = nextval('policy_revision')
  WHERE account_id = $1 AND name = $2 RETURNING revision
)
INSERT INTO policy_outbox (account_id, change)
SELECT $1, jsonb_build_object('kind', 'gateway', 'accountId', $1::text, 'gatewayName', $2::text, 'revision', revision)
FROM renumbered RETURNING change`;

export const policyScenario: OwnScenario = {
  name: 'policy',
  async measure(testbed) {
    const tollgate = await testbed.freshTollgate();
    const database = new pg.Client({ connectionString: tollgate.services.databaseUrl });
    const redis = new Redis({ path: tollgate.services.redisUrl.slice('unix://'.length) });
    await database.connect();
    try {
      const announced = await seenMs(tollgate, database, (change) => redis.publish(POLICY_CHANNEL, change));
      const polled = await seenMs(tollgate, database, () => Promise.resolve());
      const row = (name: string, times: readonly number[]): string[] => [
        name,
        ...[0.5, 0.99].map((share) => percentile(times, share).toFixed(1)),
      ];
      say(`${table([['policy', 'p50 ms', 'p99 ms'], row('announced', announced), row('message lost', polled)])}\n`);
      return [...figure('P12', [percentile(announced, 0.99)]), ...figure('P12Polled', [percentile(polled, 0.99)])];
    } finally {
      redis.disconnect();
      await database.end();
      await tollgate.tollgate.stop();
    }
  },
};

/** From each change's commit to the first answer that keeps to it, in ascending order. */
async function seenMs(
  { plain, seeded }: Tollgate,
  database: pg.Client,
  announce: (change: string) => Promise<unknown>,
): Promise<number[]> {
  const url = `http://127.0.0.1:${plain.target.port}${plain.target.path}`;
  const statusWithoutToken = async (): Promise<number> => {
    const body = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}';
    const headers = { 'content-type': 'application/json', authorization: 'Bearer sk-bench' };
    const response = await fetch(url, { method: 'POST', headers, body });
    await response.arrayBuffer();
    return response.status;
  };
  const times: number[] = [];
  for (let number = 0; number < CHANGES; number++) {
    const isOpen = number % 2 === 0;
    const { rows } = await database.query<{ change: unknown }>(CHANGE_SQL, [
      seeded.accountId,
      GATEWAYS.plain.name,
      !isOpen,
    ]);
    const committedMs = performance.now();
    await announce(JSON.stringify(rows[0]?.change));
    while ((await statusWithoutToken()) !== (isOpen ? 200 : 401)) {
      if (performance.now() - committedMs > UNSEEN_MS_MAX) throw new Error('a change of a policy is not seen');
    }
    times.push(performance.now() - committedMs);
  }
  return times.toSorted((a, b) => a - b);
}
