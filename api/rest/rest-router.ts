/**
 * The management REST of Cloudflare's wire, under `/client/v4`: the same services, authorization, audit and bounds as
 * GraphQL. Callers are known by a bearer token alone: a cookie, which browsers send by themselves, means nothing here.
 */
import express, { Router, type ErrorRequestHandler, type Request, type RequestHandler, type Response } from 'express';
import { newUuidV7 } from '../../schema/contracts/ids.js';
import { isAccountTag } from '../../schema/contracts/names.js';
import type { Account } from '../../schema/entities/account.js';
import type { Logger } from '../../platform/logger.js';
import type { Access } from '../access.js';
import { badInput, HTTP_STATUSES, knownError, notFound, unauthenticated, type ApiError } from '../errors.js';
import { BODY_BYTES_MAX } from '../http/graphql-guard.js';
import type { OperationEntrance } from '../graphql/operation-entrance.js';
import type { BodyRoom } from '../modules/log/index.js';
import type { RequestContexts } from '../request-context.js';
import { CUSTOM_PROVIDER_ROUTES } from './custom-provider-routes.js';
import { GATEWAY_ROUTES } from './gateway-routes.js';
import { LOG_ROUTES } from './log-routes.js';
import { PROVIDER_CONFIG_ROUTES } from './provider-config-routes.js';
import { QueryParams } from './query-params.js';
import { failure, inWireTerms, WIRE_CODES } from './rest-errors.js';
import type { RestAnswer, RestDeps, RestRoute } from './rest-route.js';

/** All routes, each with its action and its parameters. */
export const REST_ROUTES: readonly RestRoute[] = [
  ...GATEWAY_ROUTES,
  ...LOG_ROUTES,
  ...PROVIDER_CONFIG_ROUTES,
  ...CUSTOM_PROVIDER_ROUTES,
];

interface RouterDeps extends RestDeps {
  readonly contexts: RequestContexts;
  readonly entrance: Pick<OperationEntrance, 'charge'>;
  readonly logger: Logger;
}

const parseJson = express.json({ limit: BODY_BYTES_MAX, type: 'application/json' });

export function restRouter(deps: RouterDeps): Router {
  const router = Router();
  router.use((_request, response, next) => {
    response.set({ 'cache-control': 'no-store', 'x-request-id': newUuidV7() });
    next();
  });
  for (const route of REST_ROUTES) {
    router[route.method](`/accounts/:account/ai-gateway${route.path}`, answering(route, deps));
  }
  router.use((_request, response) => {
    response.status(HTTP_STATUSES.NOT_FOUND).json(failure(WIRE_CODES.NO_ROUTE, 'There is no such route.'));
  });
  router.use(failing(deps.logger));
  return router;
}

function answering(route: RestRoute, deps: RouterDeps): RequestHandler {
  return async (request, response) => {
    try {
      send(response, await answer(route, deps, request, response));
    } catch (error) {
      refuse(response, deps.logger, error, route);
    }
  };
}

async function answer(route: RestRoute, deps: RouterDeps, request: Request, response: Response): Promise<RestAnswer> {
  // '' where there is no header: a cookie is not looked for.
  const caller = deps.contexts.callerOf(request, request.get('authorization') ?? '');
  const access = await deps.contexts.access(caller);
  const isKnown = access.principal.kind !== 'anonymous';
  await deps.entrance.charge({ access, client: caller }, isKnown ? route.cost : 1);
  if (!isKnown) throw unauthenticated();
  const params = textsOf(request.params);
  const account = await accountOf(deps, params['account'] ?? '', access);
  const query = QueryParams.of(request.originalUrl, route.query);
  const hasBody = route.method !== 'get' && route.method !== 'delete';
  const readBody = (): Promise<unknown> => (hasBody ? jsonBody(request, response) : Promise.resolve(null));
  const newRoom = (): BodyRoom => deps.contexts.roomFor(response);
  return route.answer({ access, account, params, query, readBody, newRoom }, deps);
}

const textsOf = (params: Request['params']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );

/** The account of a tag or a name, as URLs of the proxy name it too. */
async function accountOf({ services }: RestDeps, segment: string, access: Access): Promise<Account> {
  const account = await services.accounts.find(isAccountTag(segment) ? { tag: segment } : { name: segment }, access);
  if (account === null) throw notFound('account');
  return account;
}

async function jsonBody(request: Request, response: Response): Promise<unknown> {
  if (request.is('application/json') === false) throw badInput('content-type', 'must be application/json');
  await new Promise<void>((resolve, reject) => {
    parseJson(request, response, (error: unknown) => (error === undefined ? resolve() : reject(error)));
  });
  const body: unknown = request.body;
  return body;
}

function send(response: Response, answered: RestAnswer): void {
  if (answered.kind === 'text') {
    response.set({ 'content-type': `${answered.contentType}; charset=utf-8`, 'content-disposition': 'attachment' });
    response.end(answered.text);
    return;
  }
  const { result, info } = answered;
  response.json({ success: true, errors: [], messages: [], result, ...(info === null ? {} : { result_info: info }) });
}

/** What went wrong before a route was reached: a path that cannot be decoded. */
function failing(logger: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    return refuse(response, logger, error, null);
  };
}

function refuse(response: Response, logger: Logger, error: unknown, route: RestRoute | null): void {
  const refusal = refusalOf(error);
  if (refusal === null) {
    const id = newUuidV7();
    logger.error({ err: error, errorId: id }, 'a REST request failed; the caller was told this id');
    response.status(HTTP_STATUSES.INTERNAL).json(failure(WIRE_CODES.INTERNAL, `Something went wrong here (${id}).`));
    return;
  }
  const told = inWireTerms(refusal.error, route?.names ?? {});
  const code = route?.codeOf(told) ?? WIRE_CODES[told.code];
  if (told.retryAfterSeconds !== null) response.set('retry-after', String(told.retryAfterSeconds));
  response.status(refusal.status).json(failure(code, told.message, told.field));
}

interface Refusal {
  readonly error: ApiError;
  /** what Express says of a request that it cannot read, else the code's own */
  readonly status: number;
}

function refusalOf(error: unknown): Refusal | null {
  const known = knownError(error);
  if (known !== null) return { error: known, status: HTTP_STATUSES[known.code] };
  const status = error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500;
  if (status >= 500) return null;
  if (status === 413) return { error: badInput('body', `must be at most ${BODY_BYTES_MAX} bytes`), status };
  return { error: badInput(error instanceof URIError ? 'path' : 'body', 'cannot be read'), status };
}
