/** A GraphQL caller for tests: sends a document and says what the answer must be. */
import { expect } from '@jest/globals';

export interface GraphqlError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string; readonly field?: string };
}

export interface GraphqlAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly GraphqlError[];
  /** the data; fails on any error */
  expectData<T = Record<string, never>>(): T;
  /** the first error, which must have this code and, when given, this field */
  expectError(code: string, field?: string): GraphqlError;
}

export type GraphqlCaller = (query: string, variables?: Readonly<Record<string, unknown>>) => Promise<GraphqlAnswer>;

/** `token`: sent as a bearer token; null: nothing is. */
export function graphqlCaller(url: string, token: string | null, headers: Record<string, string> = {}): GraphqlCaller {
  return (query, variables = {}) => {
    const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
    return postGraphql(url, JSON.stringify({ query, variables }), { ...authorization, ...headers });
  };
}

/** Sends any body. */
export async function postGraphql(url: string, body: string, headers: Record<string, string>): Promise<GraphqlAnswer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const text = await response.text();
  const parsed = JSON.parse(text) as { data?: GraphqlAnswer['data']; errors?: GraphqlError[] }; // the protocol's shape
  const errors = parsed.errors ?? [];
  return {
    status: response.status,
    headers: response.headers,
    text,
    data: parsed.data ?? null,
    errors,
    expectData<T>() {
      expect(errors).toEqual([]);
      return parsed.data as T; // the test says what it asked for
    },
    expectError(code, field) {
      const [error] = errors;
      if (error === undefined) throw new Error(`expected ${code}, got ${text}`);
      expect({ code: error.extensions.code, field: error.extensions.field }).toEqual({ code, field });
      return error;
    },
  };
}
