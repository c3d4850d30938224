/**
 * What stands before the GraphQL server: POST with a JSON body of bounded size, one operation document within limits.
 * Refusals are GraphQL error answers, with status 200 for `application/json` callers as GraphQL over HTTP asks.
 */
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { GraphQLError, Kind, OperationTypeNode, type DocumentNode } from 'graphql';
import type { ApiContext } from '../context.js';
import { ApiError, badInput, tooComplex } from '../errors.js';
import { extensionsOf } from '../graphql/format-error.js';
import { operationSchema, type OperationEntrance, type SentOperation } from '../graphql/operation-entrance.js';
import type { RequestContexts } from '../request-context.js';

export const BODY_BYTES_MAX = 64 * 1024;

/** Refuses other methods and content types: a page of another origin can send those without asking. */
export const requirePostJson: RequestHandler = (request, response, next) => {
  if (request.method !== 'POST') {
    answer(response.set('allow', 'POST'), 405, badInput('method', 'must be POST'));
  } else if (request.is('application/json') === false) {
    answer(response, 415, badInput('content-type', 'must be application/json'));
  } else next();
};

/** Turns what the body parser refused into an answer; anything else goes on. */
export const bodyErrors: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const type = error instanceof Error && 'type' in error ? error.type : null;
  if (type === 'entity.too.large') {
    answer(response, 413, tooComplex(`The body is over ${BODY_BYTES_MAX} bytes.`));
  } else if (error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500) {
    answer(response, error.status, badInput('body', 'must be JSON in UTF-8'));
  } else next(error);
};

/** Lets operations through to the server, and keeps the context that it found each caller in. */
export class GraphqlGuard {
  private readonly found = new WeakMap<Request, ApiContext>();

  constructor(
    private readonly entrance: OperationEntrance,
    private readonly contexts: RequestContexts,
  ) {}

  /** Refuses what is over a limit before it is validated. What is no operation is left to the server to explain. */
  readonly handler: RequestHandler = async (request, response, next) => {
    if (Array.isArray(request.body)) {
      return answer(response, refused(request), badInput('body', 'must be one operation, not a batch'));
    }
    const body = operationSchema.safeParse(request.body);
    if (!body.success) return next();
    try {
      const cost = this.read(request, body.data);
      if (cost === null) return next();
      // When it cannot be told who calls, the server finds that out again, and masks it.
      const context = await this.contexts.ofRequest(request, response).catch(() => null);
      if (context === null) return next();
      this.found.set(request, context);
      await this.entrance.charge(context, cost);
    } catch (error) {
      if (!(error instanceof ApiError)) return next(error);
      if (error.retryAfterSeconds === null) return answer(response, refused(request), error);
      return answer(response.set('retry-after', String(error.retryAfterSeconds)), 429, error);
    }
    return next();
  };

  /** The context of a request that went through. */
  async contextOf(request: Request, response: Response): Promise<ApiContext> {
    return this.found.get(request) ?? this.contexts.ofRequest(request, response);
  }

  /** The operation's cost; null: it is none. The server finds its document in the body, however it was named. */
  private read(request: Request, sent: SentOperation): number | null {
    try {
      const operation = this.entrance.read(sent, this.contexts.callerOf(request).isByCookie);
      if (operation === null) return null;
      assertAnswered(operation.document);
      if (typeof sent.query !== 'string' || sent.extensions?.persistedQuery !== undefined) {
        const { operationName, variables } = sent;
        request.body = { query: operation.query, operationName: operationName ?? null, variables: variables ?? null };
      }
      return operation.cost;
    } catch (error) {
      if (error instanceof GraphQLError) return 1;
      throw error;
    }
  }
}

/** A subscription has many answers. */
function assertAnswered(document: DocumentNode): void {
  const isSubscription = document.definitions.some(
    (node) => node.kind === Kind.OPERATION_DEFINITION && node.operation === OperationTypeNode.SUBSCRIPTION,
  );
  if (isSubscription) throw badInput('query', 'is a subscription: send it to /graphql/stream, or by WebSocket');
}

/** The status of a document that is not executed: 400 for callers of the new media type, 200 for those of JSON. */
const refused = (request: Request): number =>
  (request.get('accept') ?? '').includes('application/graphql-response+json') ? 400 : 200;

function answer(response: Response, status: number, error: ApiError): void {
  response.status(status).json({ errors: [{ message: error.message, extensions: extensionsOf(error) }] });
}
