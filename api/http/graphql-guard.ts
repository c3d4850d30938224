/**
 * What stands before the GraphQL server: POST with a JSON body of bounded size, one operation document within limits.
 * Refusals are GraphQL error answers, with status 200 for `application/json` callers as GraphQL over HTTP asks.
 */
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { GraphQLError, Kind, OperationTypeNode, type DocumentNode } from 'graphql';
import type { ApiContext } from '../context.js';
import { ApiError, badInput, tooComplex } from '../errors.js';
import { extensionsOf } from '../graphql/format-error.js';
import type { OperationEntrance, SentOperation } from '../graphql/operation-entrance.js';
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
  /** of every request that may go on to the server, and of no other */
  private readonly found = new WeakMap<Request, Promise<ApiContext>>();

  constructor(
    private readonly entrance: OperationEntrance,
    private readonly contexts: RequestContexts,
  ) {}

  /** Refuses what is no operation, and what is over a limit before it is validated. */
  readonly handler: RequestHandler = async (request, response, next) => {
    let status = 400; // of a body that is no operation, for every caller
    try {
      const sent = this.entrance.operationOf(request.body);
      if (namesDocument(sent)) status = refused(request);
      const cost = this.read(request, sent);
      const context = this.contexts.ofRequest(request, response);
      this.found.set(request, context);
      // When it cannot be told who calls, the server is told so by `contextOf`, and masks it.
      const known = await context.catch(() => null);
      if (known !== null) await this.entrance.charge(known, cost);
    } catch (error) {
      if (!(error instanceof ApiError)) return next(error);
      if (error.retryAfterSeconds === null) return answer(response, status, error);
      return answer(response.set('retry-after', String(error.retryAfterSeconds)), 429, error);
    }
    return next();
  };

  /** The context of a request that went through. Throws for any other: nothing runs that was not measured. */
  async contextOf(request: Request): Promise<ApiContext> {
    const context = this.found.get(request);
    if (context === undefined) throw new Error('an operation came to the server past its entrance');
    return context;
  }

  /**
   * The operation's cost. The server finds in the body what was read here and nothing else: its document, however it
   * was named, and the variables that it was measured with.
   */
  private read(request: Request, sent: SentOperation): number {
    const { operationName, variables } = sent;
    const body = { operationName: operationName ?? null, variables: variables ?? null };
    try {
      const operation = this.entrance.read(sent, this.contexts.callerOf(request).isByCookie);
      assertAnswered(operation.document);
      request.body = { query: operation.query, ...body };
      return operation.cost;
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      request.body = { query: sent.query ?? '', ...body }; // no document: the server says where it breaks off
      return 1;
    }
  }
}

const namesDocument = ({ query, documentId, extensions }: SentOperation): boolean =>
  typeof query === 'string' || typeof documentId === 'string' || extensions?.persistedQuery !== undefined;

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
