/** Requests that are described and not sent, and what a proxy says would become of them. */
import { ProxyExplainer, type RequestExplainer } from '../../api/modules/explain/index.js';
import { deriveKey } from '../../platform/keys.js';
import { hashApiToken } from '../../schema/contracts/api-token.js';
import type { DescribedRequest } from '../../schema/contracts/explanation.js';
import { TEST_PEPPER } from './proxy.js';

/** As the api asks. */
export const explainerOf = (proxy: { readonly url: string }): RequestExplainer =>
  new ProxyExplainer(proxy.url, deriveKey(TEST_PEPPER, 'explain'));

export const tokenHashOf = (token: string): string => hashApiToken(deriveKey(TEST_PEPPER, 'api-token'), token);

/** A request of this machine to the tenant's gateway `main`, as `fetch` would send it. */
export function describedRequest(
  tenant: { readonly accountId: string; readonly tag: string },
  { headers = {}, body = '', ...others }: Described = {},
): DescribedRequest {
  const sent = { ...FETCH_HEADERS, ...headers };
  return {
    accountId: tenant.accountId,
    accountTag: tenant.tag,
    gatewayName: 'main',
    provider: 'openai',
    method: 'POST',
    path: '/chat/completions',
    headers: Object.entries(sent).map(([name, value]) => ({ name, value })),
    body: typeof body === 'string' ? body : JSON.stringify(body),
    tokenHash: null,
    clientIp: '127.0.0.1',
    ...others,
  };
}

type Described = Omit<Partial<DescribedRequest>, 'headers' | 'body'> & {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

/** What `fetch` adds by itself, and keys of the cache are made of. */
const FETCH_HEADERS = { accept: '*/*', 'accept-language': '*', 'content-type': 'application/json' };

/** Sends what was described. */
export function send(proxy: { readonly url: string }, described: DescribedRequest): Promise<Response> {
  const { accountTag, gatewayName, provider, path, method, headers, body } = described;
  const url = `${proxy.url}/v1/${accountTag}/${gatewayName}${provider === null ? '' : `/${provider}${path}`}`;
  const fields = headers.map(({ name, value }): [string, string] => [name, value]);
  return fetch(url, { method, headers: fields, ...(body === '' ? {} : { body }) });
}
