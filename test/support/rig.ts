/** A proxy, an upstream behind all its providers, and a way to call it: what nearly every proxy test begins with. */
import { startFakeUpstream, type FakeUpstream } from './fake-upstream.js';
import { startTestProxy, type TestProxy, type TestProxyOptions } from './proxy.js';
import { createTenant, type TestTenant } from './tenant.js';

export interface Rig {
  readonly proxy: TestProxy;
  readonly upstream: FakeUpstream;
  /** a new account with a gateway `main` that has the given settings (columns of `gateway_settings`) */
  tenant(
    settings?: Readonly<Record<string, unknown>>,
  ): Promise<TestTenant & { readonly base: string; readonly gatewayId: string }>;
  stop(isDatabaseGone?: boolean): Promise<void>;
}

export async function startRig(
  env: Readonly<Record<string, string>> = {},
  options: TestProxyOptions = {},
): Promise<Rig> {
  const upstream = await startFakeUpstream();
  const { origin } = upstream;
  const origins = { openai: `${origin}/v1`, anthropic: origin, 'google-ai-studio': origin, deepseek: origin };
  const proxy = await startTestProxy(origins, env, options);
  return {
    proxy,
    upstream,
    async tenant(settings = {}) {
      const tenant = await createTenant(proxy.owner);
      const gatewayId = await tenant.gateway('main', settings);
      return { ...tenant, gatewayId, base: `${proxy.url}/v1/${tenant.tag}/main` };
    },
    async stop(isDatabaseGone = false) {
      await proxy.stop(isDatabaseGone);
      await upstream.close();
    },
  };
}

/** A POST of JSON, with extra headers. */
export function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

export const CHAT = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] };
