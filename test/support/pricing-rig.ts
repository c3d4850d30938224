/** Both tiers over one database and one Redis, with a provider behind them: what tests of prices begin with. */
import { networkListSchema } from '../../schema/contracts/networks.js';
import { startTestApi, type TestApi } from './api.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from './fake-upstream.js';
import { startTestProxy, type TestProxy } from './proxy.js';
import { CHAT, post } from './rig.js';
import type { TestTenant } from './tenant.js';
import { usageRecords, type UsageRow } from './usage-records.js';

const LOOPBACK = '127.0.0.0/8';
/** What each call uses. */
export const USED = { inputTokens: 100, outputTokens: 10 };

export interface PricingRig {
  readonly api: TestApi;
  readonly proxy: TestProxy;
  readonly upstream: FakeUpstream;
  /** calls the account's gateway `main`; answers the record of that call, the newest one */
  call(tenant: TestTenant, request?: CallOptions): Promise<UsageRow>;
  stop(): Promise<void>;
}

export interface CallOptions {
  /** after the gateway's name in the URL */
  readonly path?: string;
  readonly model?: string;
  readonly serviceTier?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function startPricingRig(): Promise<PricingRig> {
  const upstream = await startFakeUpstream();
  const openai = `${upstream.origin}/v1`;
  const api = await startTestApi({ allowedNetworks: networkListSchema.parse(LOOPBACK) });
  const proxy = await startTestProxy(
    { openai },
    { DATABASE_URL: api.database.url, REDIS_URL: api.redis.url, ALLOW_PRIVATE_UPSTREAMS: LOOPBACK },
  );
  const counts = new Map<string, number>();
  return {
    api,
    proxy,
    upstream,
    async call(tenant, { path = 'openai/chat/completions', model = CHAT.model, serviceTier, headers = {} } = {}) {
      const usage = { prompt_tokens: USED.inputTokens, completion_tokens: USED.outputTokens };
      const tier = serviceTier === undefined ? {} : { service_tier: serviceTier };
      upstream.answer = answerJson(200, { ...chatCompletion({ usage }), model, ...tier });
      const body = { ...CHAT, model, ...tier };
      await (await post(`${proxy.url}/v1/${tenant.tag}/main/${path}`, body, headers)).arrayBuffer();
      const count = (counts.get(tenant.accountId) ?? 0) + 1;
      counts.set(tenant.accountId, count);
      const rows = await usageRecords(api.owner, tenant.accountId, count);
      const newest = rows.filter((row) => row['kind'] === 'USAGE').at(-1);
      if (newest === undefined) throw new Error('the call made no record');
      return newest;
    },
    async stop() {
      await proxy.stop();
      await api.stop();
      await upstream.close();
    },
  };
}
