/** `/gateways/{gateway}/logs`: lists, single logs, their bodies, ratings, deletion. */
import type { GatewayId } from '../../schema/contracts/ids.js';
import { badInput, forbidden, notFound } from '../errors.js';
import { ratingRight, type Log, type LogBodies, type LogSelection } from '../modules/log/index.js';
import type { AccountScope } from '../tenancy/account-scope.js';
import { gatewayIdOf } from './gateway-routes.js';
import { extremesInfo, logDetail, logObject } from './log-fields.js';
import { LOG_PARAMS, readLogSelection, SELECTION_PARAMS } from './log-filters.js';
import { numberedPage, PAGE_PARAMS, resultInfo, type NumberedPage } from './numbered-page.js';
import { restRoute, resultOf, type FieldNames, type RestAnswer, type RestCall, type RestDeps } from './rest-route.js';
import { readObject } from './wire-body.js';

/** The wire's own. */
const PER_PAGE_MAX = 50;
/** All logs up to a page are found, not only its own. */
const REACHED_MAX = 10_000;
const DELETION_NAMES: FieldNames = { 'input.filter': 'filters' };
const BODIES = { request: 'requestBody', response: 'responseBody' } as const;
const CONTENT_TYPES = { request: 'requestContentType', response: 'responseContentType' } as const;

async function oneLog(call: RestCall<'log.read'>, deps: RestDeps): Promise<Log> {
  const gatewayId = await gatewayIdOf(call, deps);
  const log = await deps.services.queries.logs.byId(call.scope, call.params['log'] ?? '', gatewayId);
  if (log === null) throw notFound('log');
  return log;
}

async function bodiesOf(
  call: RestCall<'log.read'>,
  { services }: RestDeps,
  scope: AccountScope<'log.readBodies'>,
  log: Log,
): Promise<LogBodies | null> {
  if (log.storedBodies === 'NOT_COLLECTED') return null;
  const [bodies] = await services.queries.logBodies.byIds(scope, [log.id], call.newRoom());
  return bodies ?? null;
}

/** A stored body as it is, without an envelope. */
async function body(call: RestCall<'log.read'>, deps: RestDeps, side: keyof typeof BODIES): Promise<RestAnswer> {
  const log = await oneLog(call, deps);
  const scope = await call.access.scopeOrNull('log.readBodies', call.account.id);
  if (scope === null) throw forbidden('Bodies need AI_GATEWAY_LOG_BODIES in the account.');
  const text = (await bodiesOf(call, deps, scope, log))?.[BODIES[side]] ?? null;
  if (text === null) throw notFound(`${side} body of this log`);
  const type = log.exchange[CONTENT_TYPES[side]] ?? '';
  // What was cut is no JSON any more, and clients would try to read it as such; no other type is worth a browser's
  // trust.
  const isJson = log.storedBodies === 'STORED' && /^application\/(?:[\w.-]+\+)?json\b/i.test(type);
  return { kind: 'text', contentType: isJson ? 'application/json' : 'text/plain', text };
}

async function page(
  call: RestCall<'log.read'>,
  { services }: RestDeps,
  selection: LogSelection,
  at: NumberedPage,
): Promise<{ readonly logs: readonly Log[]; readonly total: number | null }> {
  const { logs: queries } = services.queries;
  if (at.skip + at.perPage <= REACHED_MAX) {
    const { logs, count } = await queries.numbered(call.scope, selection, { skip: at.skip, limit: at.perPage });
    return { logs, total: count.total };
  }
  const { total, isExact } = await queries.count(call.scope, selection);
  if (isExact && total !== null && total <= at.skip) return { logs: [], total };
  throw badInput('page', `reaches beyond log ${REACHED_MAX}: narrow the filters, for instance by created_at`);
}

export const LOG_ROUTES = [
  restRoute({
    method: 'get',
    path: '/gateways/:gateway/logs',
    action: 'log.read',
    cost: 500,
    query: [...PAGE_PARAMS, ...LOG_PARAMS, 'meta_info'],
    async handle(call, deps) {
      const at = numberedPage(call.query, PER_PAGE_MAX);
      const withExtremes = call.query.flag('meta_info') ?? false;
      const { filter, order } = readLogSelection(call.query);
      const selection = { gatewayId: await gatewayIdOf(call, deps), filter, order };
      const { logs, total } = await page(call, deps, selection, at);
      const extremes = withExtremes
        ? extremesInfo(await deps.services.queries.logs.extremes(call.scope, selection))
        : {};
      return resultOf(logs.map(logObject), { ...extremes, ...resultInfo(at, logs.length, total) });
    },
  }),
  restRoute({
    method: 'delete',
    path: '/gateways/:gateway/logs',
    action: 'log.delete',
    cost: 1_000,
    query: [...SELECTION_PARAMS, 'limit'],
    names: DELETION_NAMES,
    async handle(call, deps) {
      const { input, order } = readLogSelection(call.query);
      const limit = call.query.integer('limit', 1);
      const gatewayId = await gatewayIdOf(call, deps);
      const deletion = { gatewayId, filter: input, dryRun: false, limit, orderBy: order };
      const { count } = await deps.services.logs.delete(call.scope, deletion);
      return resultOf({ count: Number(count) });
    },
  }),
  restRoute({
    method: 'get',
    path: '/gateways/:gateway/logs/:log',
    action: 'log.read',
    async handle(call, deps) {
      const log = await oneLog(call, deps);
      const scope = await call.access.scopeOrNull('log.readBodies', call.account.id);
      return resultOf(logDetail(log, scope === null ? null : await bodiesOf(call, deps, scope, log)));
    },
  }),
  restRoute({
    method: 'patch',
    path: '/gateways/:gateway/logs/:log',
    action: { oneOf: ['log.rate', 'log.rateOwn'], choose: (principal) => ratingRight(principal).action },
    async handle(call, deps) {
      const { madeBy } = ratingRight(call.access.principal);
      const rating = readObject(call.body, ['feedback', 'score', 'metadata']);
      const gatewayId: GatewayId = await gatewayIdOf(call, deps);
      await deps.services.logs.rate(call.scope, { ...rating, gatewayId, logId: call.params['log'] ?? '' }, madeBy);
      return resultOf({});
    },
  }),
  restRoute({
    method: 'get',
    path: '/gateways/:gateway/logs/:log/request',
    action: 'log.read',
    handle: (call, deps) => body(call, deps, 'request'),
  }),
  restRoute({
    method: 'get',
    path: '/gateways/:gateway/logs/:log/response',
    action: 'log.read',
    handle: (call, deps) => body(call, deps, 'response'),
  }),
];
