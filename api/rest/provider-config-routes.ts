/** `/gateways/{gateway}/provider_configs`: provider keys. A secret comes in and is never shown again. */
import { z } from 'zod';
import { PROVIDERS } from '../../schema/contracts/providers.js';
import { isProviderSlug } from '../../schema/contracts/provider-origins.js';
import type { ProviderKey } from '../../schema/entities/provider-key.js';
import { badInput, notFound } from '../errors.js';
import type { Action } from '../authorization.js';
import { parseInput } from '../input.js';
import { gatewayIdOf } from './gateway-routes.js';
import { numberedPage, PAGE_PARAMS, resultInfo, sliced } from './numbered-page.js';
import { restRoute, resultOf, type FieldNames, type RestCall, type RestDeps } from './rest-route.js';
import { offAt, readObject, type LackingFields } from './wire-body.js';

const PER_PAGE_MAX = 100;
const DEFAULT_ALIAS = 'default';
/** No store of secrets but ours, and no rate limit of a key's own. */
const LACKING: LackingFields = {
  secret_id: offAt(null),
  rate_limit: offAt(null, 0),
  rate_limit_period: offAt(null, 0),
};
const NAMES: FieldNames = {
  'input.provider': 'provider_slug',
  'input.gatewayId': 'provider_slug',
  'input.alias': 'alias',
  'input.secret': 'secret',
  'input.target': 'target',
};

const secretSchema = z.union([z.string(), z.record(z.string(), z.unknown())], 'must be given as a text or an object');
const newConfigSchema = z.object({
  provider_slug: z.string('must be given as a text'),
  alias: z.string('must be given as a text'),
  default_config: z.boolean('must be given as true or false'),
  secret: secretSchema,
  target: z.record(z.string(), z.unknown(), 'must be an object').nullish(),
});
const rotationSchema = newConfigSchema.partial().extend({ secret: secretSchema });

const asText = (secret: z.infer<typeof secretSchema>): string =>
  typeof secret === 'string' ? secret : JSON.stringify(secret);

/** The default is the key whose alias says so; no other one can be. */
function assertDefault(isDefault: boolean, alias: string): void {
  if (isDefault && alias !== DEFAULT_ALIAS) {
    throw badInput('default_config', `must be false: the default is the key with the alias ${DEFAULT_ALIAS}`);
  }
}

/** What the key is for besides its origin, where the wire has it inside the secret's JSON (Vertex, Bedrock). */
function targetIn(provider: string, secret: string): Record<string, unknown> | null {
  const fields = isProviderSlug(provider) ? PROVIDERS[provider].targetFields : [];
  if (fields.length === 0 || !secret.trimStart().startsWith('{')) return null;
  const json = parsedObject(secret);
  const named = new Map([
    ['region', json['region']],
    ['project', json['project_id']],
  ]);
  return Object.fromEntries(
    fields.flatMap((field) => (named.get(field) === undefined ? [] : [[field, named.get(field)]])),
  );
}

function parsedObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? Object.fromEntries(Object.entries(parsed)) : {};
  } catch {
    return {}; // what is wrong with it is said by whoever seals it
  }
}

/** What the wire tells of a provider key. */
export const providerConfigObject = (
  key: Pick<ProviderKey, 'id' | 'alias' | 'provider' | 'target' | 'lastFour' | 'updatedAt'>,
  gatewayName: string,
): Readonly<Record<string, unknown>> => ({
  id: key.id,
  alias: key.alias,
  default_config: key.alias === DEFAULT_ALIAS,
  gateway_id: gatewayName,
  modified_at: key.updatedAt.toISOString(),
  provider_slug: key.provider,
  secret_id: key.id,
  secret_preview: `…${key.lastFour}`,
  target: key.target,
});

/** The key that the URL names, of the gateway that it names. */
async function keyOf<A extends Action>(call: RestCall<A>, deps: RestDeps): Promise<ProviderKey> {
  const gatewayId = await gatewayIdOf(call, deps);
  const key = await deps.services.queries.providerKeys.one(call.scope, gatewayId, call.params['id'] ?? '');
  if (key === null) throw notFound('provider config');
  return key;
}

export const PROVIDER_CONFIG_ROUTES = [
  restRoute({
    method: 'get',
    path: '/gateways/:gateway/provider_configs',
    action: 'providerKey.list',
    query: PAGE_PARAMS,
    async handle(call, deps) {
      const page = numberedPage(call.query, PER_PAGE_MAX);
      const gatewayId = await gatewayIdOf(call, deps);
      const keys = await deps.services.queries.providerKeys.ofGateway(call.scope, gatewayId);
      const result = sliced(page, keys).map((key) => providerConfigObject(key, call.params['gateway'] ?? ''));
      return resultOf(result, resultInfo(page, result.length, keys.length));
    },
  }),
  restRoute({
    method: 'post',
    path: '/gateways/:gateway/provider_configs',
    action: 'providerKey.create',
    names: NAMES,
    async handle(call, deps) {
      const sent = readObject(call.body, Object.keys(newConfigSchema.shape), LACKING);
      const config = parseInput(newConfigSchema, sent, '');
      assertDefault(config.default_config, config.alias);
      const gatewayId = await gatewayIdOf(call, deps);
      const { provider_slug: provider, alias } = config;
      const secret = asText(config.secret);
      const target = config.target ?? targetIn(provider, secret);
      const key = await deps.services.providerKeys.create(call.scope, { gatewayId, provider, alias, secret, target });
      return resultOf(providerConfigObject(key, call.params['gateway'] ?? ''));
    },
  }),
  restRoute({
    method: 'put',
    path: '/gateways/:gateway/provider_configs/:id',
    action: 'providerKey.rotate',
    names: NAMES,
    async handle(call, deps) {
      const sent = readObject(call.body, Object.keys(newConfigSchema.shape), LACKING);
      const config = parseInput(rotationSchema, sent, '');
      const key = await keyOf(call, deps);
      if ((config.provider_slug ?? key.provider) !== key.provider) throw badInput('provider_slug', 'cannot be changed');
      if ((config.alias ?? key.alias) !== key.alias) throw badInput('alias', 'cannot be changed');
      if (config.target !== undefined && config.target !== null) {
        throw badInput('target', 'cannot be changed: store another key');
      }
      assertDefault(config.default_config ?? false, key.alias);
      const input = { id: key.id, secret: asText(config.secret) };
      const rotated = await deps.services.providerKeys.rotate(call.scope, input);
      return resultOf(providerConfigObject(rotated, call.params['gateway'] ?? ''));
    },
  }),
  restRoute({
    method: 'delete',
    path: '/gateways/:gateway/provider_configs/:id',
    action: 'providerKey.delete',
    async handle(call, deps) {
      const key = await keyOf(call, deps);
      await deps.services.providerKeys.delete(call.scope, key.id);
      return resultOf({ id: key.id });
    },
  }),
];
