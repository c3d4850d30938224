/** `/custom-providers`: the providers that an account brings along. */
import type { CustomProvider } from '../../schema/entities/custom-provider.js';
import type { Action } from '../authorization.js';
import { badInput, notFound, type ApiError } from '../errors.js';
import {
  CUSTOM_PROVIDER_NAMES,
  customProviderObject,
  readCustomProviderChange,
  readNewCustomProvider,
} from './custom-provider-fields.js';
import { numberedPage, PAGE_PARAMS, resultInfo, sliced } from './numbered-page.js';
import type { QueryParams } from './query-params.js';
import { restRoute, resultOf, type RestCall, type RestDeps } from './rest-route.js';

const PER_PAGE_MAX = 100;
const ORDERS: Readonly<Record<string, (provider: CustomProvider) => string>> = {
  name: ({ name }) => name,
  slug: ({ slug }) => slug,
  created_at: ({ id }) => id,
  modified_at: ({ updatedAt }) => updatedAt.toISOString(),
};

/** The wire has codes of its own here. */
function codeOf({ code, field }: ApiError): number | null {
  if (code === 'NOT_FOUND') return 1004;
  if (code === 'CONFLICT' && field === 'slug') return 1003;
  return code === 'BAD_USER_INPUT' && field === 'base_url' ? 1002 : null;
}

async function providerOf<A extends Action>(call: RestCall<A>, { services }: RestDeps): Promise<CustomProvider> {
  const provider = await services.queries.customProviders.one(call.scope, call.params['id'] ?? '');
  if (provider === null) throw notFound('custom provider');
  return provider;
}

/** `name ASC`: a field and a direction. */
function sorted(providers: readonly CustomProvider[], order: string): CustomProvider[] {
  const [field = '', direction = 'ASC', ...more] = order.trim().split(/\s+/);
  const key = Object.hasOwn(ORDERS, field) ? ORDERS[field] : undefined;
  const isKnown = key !== undefined && /^(?:asc|desc)$/i.test(direction) && more.length === 0;
  if (!isKnown) throw badInput('order_by', `must be one of ${Object.keys(ORDERS).join(', ')}, and ASC or DESC`);
  const sign = direction.toUpperCase() === 'ASC' ? 1 : -1;
  return providers.toSorted((left, right) => {
    const [a, b] = [key(left), key(right)];
    return sign * (a < b ? -1 : a > b ? 1 : left.id < right.id ? -1 : 1);
  });
}

function matching(providers: readonly CustomProvider[], query: QueryParams): CustomProvider[] {
  const isNone = query.flag('beta') === true || query.flag('enable') === false; // there are no such
  const search = query.text('search')?.toLowerCase() ?? '';
  const found = isNone
    ? []
    : providers.filter(({ id, name, slug }) => `${id}\n${name}\n${slug}`.toLowerCase().includes(search));
  return sorted(found, query.text('order_by') ?? 'name ASC');
}

export const CUSTOM_PROVIDER_ROUTES = [
  restRoute({
    method: 'get',
    path: '/custom-providers',
    action: 'customProvider.list',
    query: [...PAGE_PARAMS, 'beta', 'enable', 'search', 'order_by'],
    async handle(call, deps) {
      const page = numberedPage(call.query, PER_PAGE_MAX);
      const providers = matching(await deps.services.queries.customProviders.all(call.scope), call.query);
      const result = sliced(page, providers).map(customProviderObject);
      return resultOf(result, resultInfo(page, result.length, providers.length));
    },
  }),
  restRoute({
    method: 'post',
    path: '/custom-providers',
    action: 'customProvider.create',
    names: CUSTOM_PROVIDER_NAMES,
    codeOf,
    async handle(call, deps) {
      const input = { accountId: call.account.id, ...readNewCustomProvider(call.body) };
      return resultOf(customProviderObject(await deps.services.customProviders.create(call.scope, input)));
    },
  }),
  restRoute({
    method: 'get',
    path: '/custom-providers/:id',
    action: 'customProvider.list',
    codeOf,
    handle: async (call, deps) => resultOf(customProviderObject(await providerOf(call, deps))),
  }),
  restRoute({
    method: 'patch',
    path: '/custom-providers/:id',
    action: 'customProvider.update',
    names: CUSTOM_PROVIDER_NAMES,
    codeOf,
    async handle(call, deps) {
      const provider = await providerOf(call, deps);
      const change = readCustomProviderChange(call.body, customProviderObject(provider));
      const input = { id: provider.id, ...change };
      return resultOf(customProviderObject(await deps.services.customProviders.update(call.scope, input)));
    },
  }),
  restRoute({
    method: 'delete',
    path: '/custom-providers/:id',
    action: 'customProvider.delete',
    codeOf,
    async handle(call, deps) {
      const provider = await providerOf(call, deps);
      await deps.services.customProviders.delete(call.scope, provider.id);
      return resultOf(customProviderObject(provider));
    },
  }),
];
