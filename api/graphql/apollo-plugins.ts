/** Two rules that belong to the server's life cycle: who may introspect, and the status of refused requests. */
import type { ApolloServerPlugin } from '@apollo/server';
import { visit } from 'graphql';
import type { ApiContext } from '../context.js';
import { ApiError } from '../errors.js';

/** In production the schema is no secret, but nobody without a credential gets to walk it. */
export function introspectionForKnownCallers(isProduction: boolean): ApolloServerPlugin<ApiContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ contextValue, document }) {
          if (!isProduction || contextValue.access.principal.kind !== 'anonymous') return;
          visit(document, {
            Field(node) {
              if (node.name.value !== '__schema' && node.name.value !== '__type') return;
              throw new ApiError('UNAUTHENTICATED', 'Sign in to introspect.');
            },
          });
        },
      };
    },
  };
}

/**
 * GraphQL over HTTP: a caller of `application/json` gets 200 with the errors when a document cannot be parsed,
 * validated or given its variables; a request without a document is 400 for everybody.
 */
export const okForJsonCallers: ApolloServerPlugin<ApiContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ request, response, errors }) {
        const accepts = request.http?.headers.get('accept') ?? '';
        if (errors?.some((error) => error.extensions['code'] === 'BAD_REQUEST') === true) return;
        if (response.http.status === 400 && !accepts.includes('application/graphql-response+json')) {
          response.http.status = 200;
        }
      },
    };
  },
};
