/**
 * What both ways of subscribing share: one subscription document within the limits of all documents, its context, and
 * errors in the words that all answers have.
 */
import {
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
  subscribe,
  validate,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from 'graphql';
import type { ApiContext } from '../context.js';
import { badInput, rateLimited } from '../errors.js';
import type { OperationEntrance } from '../graphql/operation-entrance.js';
import { network } from '../modules/session/index.js';
import type { Caller, RequestContexts } from '../request-context.js';
import { SubscriberPlaces, type SubscriberPlace } from './subscriber-places.js';

export const PING_MS = 10_000;

export type FormatError = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

export class SubscriptionOperations {
  private readonly connections = new Set<() => void>();
  private isEnding = false;
  /** connections refused, cut because nothing could be written on them, and closed because they had no subscription */
  readonly counts = { refused: 0, stuck: 0, idle: 0 };

  constructor(
    private readonly entrance: OperationEntrance,
    readonly contexts: RequestContexts,
    private readonly formatError: FormatError,
    private readonly places = new SubscriberPlaces(),
  ) {}

  /** Connections that are counted now. */
  get connected(): number {
    return this.connections.size;
  }

  get schema(): GraphQLSchema {
    return this.entrance.schema;
  }

  /** Takes a place for a connection, which `end` ends, until it leaves; null: there is none, or all end. */
  connect(end: () => void, { ip }: Caller): SubscriberPlace | null {
    if (this.isEnding) return null;
    const place = this.places.take(network(ip));
    if (place === null) {
      this.counts.refused++;
      return null;
    }
    this.connections.add(end);
    return {
      isFor: (principal) => {
        const isRoom = place.isFor(principal);
        if (!isRoom && this.connections.has(end)) this.counts.refused++; // who has left was not refused
        return isRoom;
      },
      leave: () => {
        this.connections.delete(end);
        place.leave();
      },
    };
  }

  /** Ends all connections, for good: their clients come again, elsewhere. */
  endAll(): void {
    this.isEnding = true;
    for (const end of this.connections) end();
  }

  /** What to execute; throws ApiError or GraphQLError when it cannot be. */
  async argumentsOf(operation: unknown, caller: Caller): Promise<ExecutionArgs & { contextValue: ApiContext }> {
    const sent = this.entrance.operationOf(operation);
    const { document, cost } = this.entrance.read(sent, caller.isByCookie);
    const { operationName, variables } = sent;
    const [problem] = validate(this.schema, document);
    if (problem !== undefined) throw problem;
    const node = getOperationAST(document, operationName);
    if (node?.operation !== OperationTypeNode.SUBSCRIPTION) throw badInput('query', 'must be one subscription');
    const contextValue: ApiContext = await this.contexts.ofSubscription(caller);
    await this.entrance.charge(contextValue, cost);
    return {
      schema: this.schema,
      document,
      operationName: operationName ?? null,
      variableValues: variables ?? null,
      contextValue,
    };
  }

  /** Begins the subscription of a connection: its results, or the one result that says why there is none. */
  async begin(
    operation: unknown,
    caller: Caller,
    place: SubscriberPlace,
  ): Promise<AsyncIterable<ExecutionResult> | ExecutionResult> {
    try {
      const given = await this.argumentsOf(operation, caller);
      if (!place.isFor(given.contextValue.access.principal)) throw tooManyConnections;
      return (await subscribe(given)) as AsyncIterable<ExecutionResult> | ExecutionResult; // type of graphql's own
    } catch (error) {
      return { errors: [asGraphqlError(error)] };
    }
  }

  formatted({ errors, ...result }: { readonly errors?: readonly GraphQLError[] | undefined }): object {
    return errors === undefined ? result : { ...result, errors: this.formattedErrors(errors) };
  }

  formattedErrors(errors: readonly GraphQLError[]): GraphQLFormattedError[] {
    return errors.map((error) => this.formatError(error.toJSON(), error));
  }
}

/** An error as GraphQL carries it, with what was thrown inside. */
export function asGraphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return withServerCode(error);
  return new GraphQLError(error instanceof Error ? error.message : 'unknown', {
    originalError: error instanceof Error ? error : null,
  });
}

/** What parsing and validating refuse has no code of its own. */
const withServerCode = (error: GraphQLError): GraphQLError =>
  error.originalError !== undefined || error.extensions['code'] !== undefined
    ? error
    : new GraphQLError(error.message, {
        nodes: error.nodes ?? null,
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      });

export const tooManyConnections = rateLimited('Too many subscribers are connected: try again later.');
