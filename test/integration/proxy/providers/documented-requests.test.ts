/** What the providers' own SDKs send arrives there as they would have sent it themselves. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  answerEvents,
  answerJson,
  chatCompletion,
  chatEvents,
  startFakeUpstream,
  type FakeUpstream,
  type SeenRequest,
} from '../../../support/fake-upstream.js';
import { startTestProxy, type TestProxy } from '../../../support/proxy.js';
import {
  isChat,
  providerCases,
  providerFixtures,
  type ProviderCase,
  type ProviderFixture,
} from '../../../support/provider-requests.js';
import { createTenant, type TestTenant } from '../../../support/tenant.js';
import { usageRecords } from '../../../support/usage-records.js';

let upstream: FakeUpstream;
let proxy: TestProxy;
beforeAll(async () => {
  upstream = await startFakeUpstream();
  const bases = providerFixtures().map(({ slug, basePath }) => [slug, upstream.origin + basePath]);
  proxy = await startTestProxy(Object.fromEntries(bases));
});
afterAll(async () => {
  await proxy.stop();
  await upstream.close();
});

type Tenant = TestTenant & { readonly gatewayId: string };

async function tenantWith(settings: Readonly<Record<string, unknown>> = {}): Promise<Tenant> {
  const tenant = await createTenant(proxy.owner);
  return { ...tenant, gatewayId: await tenant.gateway('main', settings) };
}

interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

function send(tenant: Tenant, slug: string, { client }: ProviderCase, options: CallOptions = {}): Promise<Response> {
  const body = options.body ?? client.body;
  return fetch(`${proxy.url}/v1/${tenant.tag}/main/${slug}${client.path}`, {
    method: client.method,
    headers: options.headers ?? client.headers,
    ...(body === undefined ? {} : { body }),
  });
}

function lastSeen(): SeenRequest {
  const seen = upstream.seen.at(-1);
  if (seen === undefined) throw new Error('nothing went upstream');
  return seen;
}

const documentedPath = ({ upstream: { url } }: ProviderCase): string => new URL(url).pathname + new URL(url).search;

test.each(providerCases())('%s arrives as the provider’s own SDK sends it', async (_title, fixture, each) => {
  const tenant = await tenantWith({ inject_stream_usage: false });
  const events = chatEvents(['Hello', ' there'], false);
  upstream.answer = each.isStream ? answerEvents(events) : answerJson(200, chatCompletion());
  const response = await send(tenant, fixture.slug, each);
  expect(response.status).toBe(200);
  expect(await response.text()).toBe(each.isStream ? events.join('') : JSON.stringify(chatCompletion()));
  const seen = lastSeen();
  expect([seen.method, seen.url]).toEqual([each.upstream.method, documentedPath(each)]);
  expect(seen.headers).toMatchObject(each.upstream.headers);
  expect(seen.body.toString()).toBe(each.client.body ?? '');
  const added = Object.keys(each.client.headers).filter((name) => !Object.hasOwn(each.upstream.headers, name));
  for (const name of added) expect(seen.headers).not.toHaveProperty(name);
});

test.each(providerCases())(
  '%s takes the stored key in the provider’s header, in the place of a Tollgate token',
  async (_title, fixture, each) => {
    const { slug, credential, target } = fixture;
    const tenant = await tenantWith({ authentication: true });
    const secret = `stored-key-of-${slug}`;
    await tenant.providerKey({ gatewayId: tenant.gatewayId, provider: slug, origin: upstream.origin, secret, target });
    upstream.answer = answerJson(200, {});
    const token = await tenant.apiToken();
    const response = await send(tenant, slug, each, { headers: withToken(each, token) });
    expect([response.status, await response.text()]).toEqual([200, '{}']);
    const seen = lastSeen();
    expect(seen.url).toBe(documentedPath(each));
    expect(seen.headers[credential.header]).toBe(each.credentialPrefix + secret);
    expect(seen.rawHeaders.join('\n')).not.toContain(token);
    expect(seen.rawHeaders.join('\n')).not.toContain('test-provider-key');
  },
);

/** The client's headers with the token where it put its provider's key. */
const withToken = ({ client }: ProviderCase, token: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(client.headers).map(([name, value]) => [name, value.replace('test-provider-key', token)]),
  );

const chats = providerCases((each) => isChat(each) && !each.isStream);
test.each(chats)('%s is metered by the usage that the provider reports', async (_title, fixture, each) => {
  const tenant = await tenantWith();
  upstream.answer = answerJson(200, chatCompletion());
  await (await send(tenant, fixture.slug, each)).text();
  const [row] = await usageRecords(proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({
    provider: fixture.slug,
    input_tokens: '1000',
    output_tokens: '100',
    usage_source: 'PROVIDER',
  });
});

const streamedChats = providerCases((each) => isChat(each) && each.isStream);
test.each(streamedChats)(
  '%s is asked for its usage only where the provider takes that',
  async (_title, fixture, each) => {
    const tenant = await tenantWith();
    upstream.answer = answerEvents(chatEvents(['Hello'], true));
    const response = await send(tenant, fixture.slug, each, { body: withoutStreamOptions(each) });
    const shown = await response.text();
    const isAsked = lastSeen().body.includes('"stream_options":{"include_usage":true}');
    expect(isAsked).toBe(isTaken(fixture));
    expect(shown.includes('"usage"')).toBe(!isAsked);
    const [row] = await usageRecords(proxy.owner, tenant.accountId, 1);
    expect(row).toMatchObject({ input_tokens: '1000', output_tokens: '100', usage_source: 'PROVIDER', streamed: true });
  },
);

function withoutStreamOptions({ client }: ProviderCase): string {
  const { stream_options: _, ...body } = JSON.parse(client.body ?? '{}') as Record<string, unknown>; // a chat's body is an object
  return JSON.stringify(body);
}

function isTaken({ slug, streamUsage }: ProviderFixture): boolean {
  if (streamUsage === null)
    throw new Error(`the fixture of ${slug} does not say whether a stream's usage can be asked for`);
  return streamUsage.isTaken;
}
