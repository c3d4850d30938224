/** A limit is one limit, however many proxies count by it, and whatever their clocks say. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RateLimitRule } from '../../../../schema/contracts/gateway-settings.js';
import { answerJson, chatCompletion } from '../../../support/fake-upstream.js';
import { startProxyProcess, type ProxyProcess } from '../../../support/proxy-processes.js';
import { decidedByRedis, limitedBy, limitRule } from '../../../support/rate-limits.js';
import { CHAT, post, startRig, type Rig } from '../../../support/rig.js';
import type { TestTenant } from '../../../support/tenant.js';
import { limitedRequests } from '../../../support/test-size.js';
import { usageRecords } from '../../../support/usage-records.js';
import { waitFor } from '../../../support/wait-for.js';

const PROCESSES = 4;
const LIMIT = 10;

let rig: Rig;
/** The clock of the last one is an hour ahead. */
let processes: readonly ProxyProcess[] = [];

beforeAll(async () => {
  rig = await startRig();
  rig.upstream.answer = answerJson(200, chatCompletion());
  const { database, redis } = rig.proxy;
  const origins = { openai: `${rig.upstream.origin}/v1` };
  const common = { databaseUrl: database.url, redisUrl: redis.url, origins };
  processes = await Promise.all(
    Array.from({ length: PROCESSES }, (_, index) =>
      startProxyProcess({ ...common, isHourAhead: index === PROCESSES - 1 }),
    ),
  );
}, 60_000);
afterAll(async () => {
  await Promise.all(processes.map((started) => started.stop()));
  await rig.stop();
}, 60_000);

const pathOf = ({ tag }: TestTenant): string => `/v1/${tag}/main/openai/chat/completions`;

/**
 * The status of a request that was decided on: a machine that is late with everything sheds some before, which are
 * asked again.
 */
async function decided(url: string): Promise<number> {
  for (;;) {
    const response = await post(url, CHAT);
    await response.arrayBuffer();
    if (response.status !== 503) return response.status;
  }
}

/** Statuses → how often, of requests at once, by turns through the processes. */
async function burst(through: readonly ProxyProcess[], path: string, requests: number): Promise<object> {
  const counts: Record<number, number> = {};
  await Promise.all(
    Array.from({ length: requests }, async (_, index) => {
      const { url } = through[index % through.length] ?? { url: '' };
      const status = await decided(`${url}${path}`);
      counts[status] = (counts[status] ?? 0) + 1;
    }),
  );
  return counts;
}

test.each([
  [1, 'FIXED'],
  [PROCESSES, 'FIXED'],
  [PROCESSES, 'SLIDING'],
] as const)(
  `of ${limitedRequests} requests at once ${LIMIT} are admitted, by %i processes and a limit that is %s`,
  async (count, technique) => {
    const { tenant, counts } = await decidedByRedis(processes, async () => {
      rig.upstream.seen.length = 0;
      const tenant = await rig.tenant(limitedBy(limitRule({ limit: LIMIT, technique })));
      return { tenant, counts: await burst(processes.slice(0, count), pathOf(tenant), limitedRequests) };
    });
    expect(counts).toEqual({ 200: LIMIT, 429: limitedRequests - LIMIT });
    expect(rig.upstream.seen).toHaveLength(LIMIT);
    await waitFor(async () => {
      const rows = await usageRecords(rig.proxy.owner, tenant.accountId, LIMIT);
      const recorded = rows.reduce((sum, row) => sum + Number(row['request_count']), 0);
      return recorded === limitedRequests && rows.filter((row) => row['status_code'] === 200).length === LIMIT;
    }, 'every request is recorded, by itself or in a count');
  },
  60_000,
);

test('a proxy whose clock is an hour ahead counts in the same windows as the others', async () => {
  const intervalSeconds = 1_800;
  const window = (): number => Math.floor(Date.now() / (intervalSeconds * 1_000));
  const [ahead, other] = [processes.slice(-1), processes.slice(0, 1)];
  const answersUnder = async (rule: RateLimitRule): Promise<readonly object[]> => {
    const begun = window();
    const answers = await decidedByRedis(processes, async () => {
      const path = pathOf(await rig.tenant(limitedBy(rule)));
      return [await burst(ahead, path, LIMIT - 1), await burst(other, path, 2), await burst(ahead, path, 2)];
    });
    return begun === window() ? answers : answersUnder(rule); // a window ended in between
  };
  for (const technique of ['FIXED', 'SLIDING'] as const) {
    const answers = await answersUnder(limitRule({ limit: LIMIT, intervalSeconds, technique }));
    expect(answers).toEqual([{ 200: LIMIT - 1 }, { 200: 1, 429: 1 }, { 429: 2 }]);
  }
});
