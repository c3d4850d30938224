/**
 * What a route of the management REST is: a place among the wire's URLs, the action that it needs, and what it answers.
 * A handler gets the scope of that action and nothing without it, so no route can be without authorization.
 */
import type { Account } from '../../schema/entities/account.js';
import type { AccountId } from '../../schema/contracts/ids.js';
import type { Access } from '../access.js';
import type { Action } from '../authorization.js';
import type { ApiError } from '../errors.js';
import type { EndpointOptions } from '../modules/gateway/index.js';
import type { BodyRoom } from '../modules/log/index.js';
import type { Principal } from '../principal.js';
import type { Services } from '../services.js';
import type { AccountScope } from '../tenancy/account-scope.js';
import type { QueryParams } from './query-params.js';

/** What the wiring gives to handlers. */
export interface RestDeps {
  readonly services: Services;
  readonly endpoint: EndpointOptions;
}

/** A request of a known caller to an account that he may see. */
export interface RestRequest {
  readonly access: Access;
  readonly account: Account;
  readonly params: Readonly<Record<string, string>>;
  readonly query: QueryParams;
  /** parsed JSON; read only once the caller is allowed to send it */
  readonly readBody: () => Promise<unknown>;
  /** for bodies of logs, as long as the answer holds them */
  readonly newRoom: () => BodyRoom;
}

/** The same with the proof that the caller may do it. */
export interface RestCall<A extends Action> extends RestRequest {
  readonly scope: AccountScope<A>;
  readonly body: unknown;
}

export interface ResultInfo {
  readonly count: number;
  readonly page: number;
  readonly per_page: number;
  /** null: not in time to be counted */
  readonly total_count: number | null;
  readonly [more: string]: number | null;
}

export type RestAnswer =
  | { readonly kind: 'result'; readonly result: unknown; readonly info: ResultInfo | null }
  /** without the envelope: a stored body */
  | { readonly kind: 'text'; readonly contentType: string; readonly text: string };

export const resultOf = (result: unknown, info: ResultInfo | null = null): RestAnswer => ({
  kind: 'result',
  result,
  info,
});

/** A field of a service's input → the field of the wire that said it. What it does not have keeps its own name. */
export type FieldNames = Readonly<Record<string, string>>;

interface RouteDefinition<A extends Action> {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** behind `/client/v4/accounts/{account}/ai-gateway` */
  readonly path: `/${string}`;
  /** which action; of several, the caller decides */
  readonly action: A | { readonly oneOf: readonly A[]; choose(principal: Principal): A };
  /** in points, of what its caller may ask for in a minute; 100 unless it says otherwise */
  readonly cost?: number;
  /** the query parameters that it takes; any other one is refused */
  readonly query?: readonly string[];
  readonly names?: FieldNames;
  /** a code of the wire's for an error, in place of the usual one; null: the usual one */
  readonly codeOf?: (error: ApiError) => number | null;
  handle(call: RestCall<A>, deps: RestDeps): Promise<RestAnswer>;
}

export interface RestRoute extends Required<Omit<RouteDefinition<Action>, 'action' | 'handle'>> {
  readonly actions: readonly Action[];
  answer(request: RestRequest, deps: RestDeps): Promise<RestAnswer>;
}

export function restRoute<A extends Action>(definition: RouteDefinition<A>): RestRoute {
  const { method, path, action, cost = 100, query = [], names = {}, codeOf = () => null, handle } = definition;
  const scopeOf = (access: Access, accountId: AccountId): Promise<AccountScope<A>> =>
    access.scope(typeof action === 'string' ? action : action.choose(access.principal), accountId);
  return {
    method,
    path,
    cost,
    query,
    names,
    codeOf,
    actions: typeof action === 'string' ? [action] : action.oneOf,
    async answer(request, deps) {
      const scope = await scopeOf(request.access, request.account.id);
      return handle({ ...request, scope, body: await request.readBody() }, deps);
    },
  };
}
