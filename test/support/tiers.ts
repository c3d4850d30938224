/** Both tiers as an instance runs them: an api and two proxies over one database and one Redis, and an upstream. */
import type { ApiOptions } from '../../api/create-api.js';
import { startTestApi, type TestApi } from './api.js';
import { answerJson, chatCompletion, startFakeUpstream, type FakeUpstream } from './fake-upstream.js';
import { graphqlCaller, type GraphqlCaller } from './graphql.js';
import { startTestProxy, type TestProxy } from './proxy.js';
import { CHAT, post } from './rig.js';
import { createUser } from './seed.js';
import { createTenant, type TestTenant } from './tenant.js';

export interface Tiers {
  readonly api: TestApi;
  readonly proxies: readonly [TestProxy, TestProxy];
  readonly upstream: FakeUpstream;
  /** a user of the instance who is a member of no account */
  readonly operator: GraphqlCaller;
  /** a new account with a gateway `main` that has the given settings (columns of `gateway_settings`) */
  tenant(settings?: Readonly<Record<string, unknown>>): Promise<TierTenant>;
  stop(): Promise<void>;
}

export interface TierTenant extends TestTenant {
  readonly gatewayId: string;
  readonly admin: GraphqlCaller;
  /** a call by the first proxy or the second; answers with the body read */
  call(proxy: 0 | 1, options?: TierCall): Promise<Response>;
}

export interface TierCall {
  /** an API token */
  readonly token?: string;
  readonly gateway?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function startTiers(options: Partial<ApiOptions> = {}): Promise<Tiers> {
  const upstream = await startFakeUpstream(answerJson(200, chatCompletion()));
  const api = await startTestApi(options);
  const stores = { DATABASE_URL: api.database.url, REDIS_URL: api.redis.url };
  const start = (): Promise<TestProxy> => startTestProxy({ openai: `${upstream.origin}/v1` }, stores);
  const proxies = [await start(), await start()] as const;
  const operator = await createUser(api.owner, { isOperator: true });
  return {
    api,
    proxies,
    upstream,
    operator: graphqlCaller(api.url, operator.token),
    async tenant(settings = {}) {
      const tenant = await createTenant(api.owner);
      const gatewayId = await tenant.gateway('main', settings);
      const admin = await createUser(api.owner, { accountId: tenant.accountId, role: 'ADMIN' });
      return {
        ...tenant,
        gatewayId,
        admin: graphqlCaller(api.url, admin.token),
        async call(proxy, { token, gateway = 'main', headers = {} } = {}) {
          const credential: Record<string, string> =
            token === undefined ? {} : { 'cf-aig-authorization': `Bearer ${token}` };
          const url = `${proxies[proxy].url}/v1/${tenant.tag}/${gateway}/openai/chat/completions`;
          const response = await post(url, CHAT, { ...credential, ...headers });
          await response.clone().arrayBuffer();
          return response;
        },
      };
    },
    async stop() {
      await Promise.all(proxies.map((proxy) => proxy.stop()));
      await api.stop();
      await upstream.close();
    },
  };
}
