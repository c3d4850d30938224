/** `/gateways`: the gateways of an account, and the base URLs that their clients use. */
import type { GatewayId } from '../../schema/contracts/ids.js';
import type { Gateway } from '../../schema/entities/gateway.js';
import { ApiError, notFound } from '../errors.js';
import { parseInput } from '../input.js';
import { customSlugOf, endpointUrl, searchSchema } from '../modules/gateway/index.js';
import type { AccountScope } from '../tenancy/account-scope.js';
import { GATEWAY_NAMES, gatewayObject, readNewGateway, readReplacement } from './gateway-fields.js';
import { numberedPage, PAGE_PARAMS, resultInfo } from './numbered-page.js';
import { restRoute, resultOf, type RestCall, type RestDeps, type RestRequest } from './rest-route.js';
import type { Action } from '../authorization.js';

const PER_PAGE_MAX = 100;
/** A replacement is worked out from what stands; when that changes meanwhile, it is worked out anew, so many times. */
const REPLACE_TRIES_MAX = 3;

/** The id of the living gateway that the URL names; NOT_FOUND when there is none that the caller sees. */
export async function gatewayIdOf<A extends Action>(call: RestCall<A>, { services }: RestDeps): Promise<GatewayId> {
  const id = await services.queries.gateways.idByName(call.scope, call.params['gateway'] ?? '');
  if (id === null) throw notFound('gateway');
  return id;
}

async function shown(
  call: RestRequest,
  { services }: RestDeps,
  scope: AccountScope,
  gateways: readonly Gateway[],
): Promise<Readonly<Record<string, unknown>>[]> {
  const rows = await services.queries.gateways.settings(
    scope,
    gateways.map(({ id }) => id),
  );
  const settings = new Map(rows.map((row) => [row.gatewayId, row]));
  return gateways.map((gateway) => {
    const own = settings.get(gateway.id);
    if (own === undefined) throw new Error(`gateway ${gateway.id} has no settings row`);
    return gatewayObject(call.account, gateway, own);
  });
}

/** What a change answers: the gateway for those who may read it, its id for others. */
async function afterChange(call: RestRequest, deps: RestDeps, gateway: Gateway): Promise<unknown> {
  const scope = await call.access.scopeOrNull('gateway.read', call.account.id);
  if (scope === null) return { id: gateway.name };
  const [object] = await shown(call, deps, scope, [gateway]);
  return object;
}

async function standing(call: RestCall<Action>, deps: RestDeps, id: GatewayId): Promise<Gateway> {
  const [gateway] = await deps.services.queries.gateways.byIds(call.scope, [id]);
  if (gateway === undefined || gateway.deletedAt !== null) throw notFound('gateway');
  return gateway;
}

async function replaced(call: RestCall<'gateway.update'>, deps: RestDeps, id: GatewayId): Promise<Gateway> {
  const gateway = await standing(call, deps, id);
  const [settings] = await deps.services.queries.gateways.settings(call.scope, [id]);
  if (settings === undefined) throw new Error(`gateway ${id} has no settings row`);
  const current = gatewayObject(call.account, gateway, settings);
  const input = readReplacement(call.body, current, settings.rateLimits);
  return deps.services.gateways.update(call.scope, { id, settings: input, ifVersion: gateway.configVersion });
}

export const GATEWAY_ROUTES = [
  restRoute({
    method: 'get',
    path: '/gateways',
    action: 'gateway.read',
    query: [...PAGE_PARAMS, 'search'],
    async handle(call, deps) {
      const page = numberedPage(call.query, PER_PAGE_MAX);
      const search = parseInput(searchSchema.nullable(), call.query.text('search'), 'search');
      const request = { search, skip: page.skip, limit: page.perPage };
      const { rows, total } = await deps.services.queries.gateways.numbered(call.scope, request);
      const result = await shown(call, deps, call.scope, rows);
      return resultOf(result, resultInfo(page, result.length, total));
    },
  }),
  restRoute({
    method: 'post',
    path: '/gateways',
    action: 'gateway.create',
    names: GATEWAY_NAMES,
    async handle(call, deps) {
      const input = { accountId: call.account.id, ...readNewGateway(call.body) };
      return resultOf(await afterChange(call, deps, await deps.services.gateways.create(call.scope, input)));
    },
  }),
  restRoute({
    method: 'get',
    path: '/gateways/:gateway',
    action: 'gateway.read',
    async handle(call, deps) {
      const gateway = await deps.services.queries.gateways.byName(call.scope, call.params['gateway'] ?? '');
      if (gateway === null) throw notFound('gateway');
      const [object] = await shown(call, deps, call.scope, [gateway]);
      return resultOf(object);
    },
  }),
  restRoute({
    method: 'put',
    path: '/gateways/:gateway',
    action: 'gateway.update',
    names: GATEWAY_NAMES,
    async handle(call, deps) {
      const id = await gatewayIdOf(call, deps);
      for (let tries = 1; ; tries++) {
        try {
          return resultOf(await afterChange(call, deps, await replaced(call, deps, id)));
        } catch (error) {
          const isChanged = error instanceof ApiError && error.field === 'input.ifVersion';
          if (!isChanged || tries === REPLACE_TRIES_MAX) throw error;
        }
      }
    },
  }),
  restRoute({
    method: 'delete',
    path: '/gateways/:gateway',
    action: 'gateway.delete',
    async handle(call, deps) {
      const gateway = await standing(call, deps, await gatewayIdOf(call, deps));
      const result = await afterChange(call, deps, gateway);
      await deps.services.gateways.delete(call.scope, gateway.id);
      return resultOf(result);
    },
  }),
  restRoute({
    method: 'get',
    path: '/gateways/:gateway/url/:provider',
    action: 'gateway.read',
    async handle(call, deps) {
      const { gateway = '', provider = '' } = call.params;
      await gatewayIdOf(call, deps);
      const at = { accountTag: call.account.tag, name: gateway };
      if (provider === 'universal') return resultOf(endpointUrl(deps.endpoint, at, null));
      const isCustom = await isCustomProvider(call, deps, provider);
      return resultOf(endpointUrl(deps.endpoint, at, { slug: provider, isCustom }));
    },
  }),
];

async function isCustomProvider(call: RestRequest, { services }: RestDeps, provider: string): Promise<boolean> {
  const slug = customSlugOf(provider);
  if (slug === null) return false;
  const scope = await call.access.scope('gateway.endpoint', call.account.id);
  return (await services.queries.customProviders.bySlugs(scope, [slug])).length > 0;
}
