/**
 * What stands before the GraphQL server: POST with a JSON body of bounded size, one operation document within limits.
 * Refusals are GraphQL error answers, with status 200 for `application/json` callers as GraphQL over HTTP asks.
 */
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { Kind, OperationTypeNode, parse, type DocumentNode, type GraphQLSchema } from 'graphql';
import { z } from 'zod';
import { ApiError, badInput, tooComplex } from '../errors.js';
import { extensionsOf } from '../graphql/format-error.js';
import { assertWithinLimits, QUERY_LIMITS } from '../graphql/query-limits.js';

export const BODY_BYTES_MAX = 64 * 1024;

const bodySchema = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
});

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

/** Refuses documents over the limits before they are validated. What cannot be parsed is left to the server to explain. */
export function requireWithinLimits(schema: GraphQLSchema): RequestHandler {
  return (request, response, next) => {
    if (Array.isArray(request.body))
      return answer(response, refused(request), badInput('body', 'must be one operation, not a batch'));
    const body = bodySchema.safeParse(request.body);
    if (!body.success) return next();
    try {
      const document = parse(body.data.query, { maxTokens: QUERY_LIMITS.tokensMax, noLocation: true });
      assertWithinLimits(schema, document, body.data.variables ?? {});
      assertAnswered(document);
    } catch (error) {
      if (error instanceof ApiError) return answer(response, refused(request), error);
      if (error instanceof Error && error.message.includes('tokens')) {
        return answer(response, refused(request), tooComplex(`The query is over ${QUERY_LIMITS.tokensMax} tokens.`));
      }
    }
    return next();
  };
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
