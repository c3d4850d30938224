/**
 * One operation of the public GraphQL API, named by the hash of its document (the api has the texts,
 * docs/decisions/0034). The session is a cookie that no script can read. Nothing else leaves the page: only this file
 * and `subscription.ts` fetch.
 */
import { RequestError } from './request-error.js';
import type { OperationDocument } from './gql/graphql.js';

export interface GraphqlAnswer<Result> {
  readonly data?: Result | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code: string; readonly field?: string; readonly retryAfterSeconds?: number };
  }[];
}

/** As both ways of sending it have it. */
export const operationBody = <Result, Variables>(
  document: OperationDocument<Result, Variables>,
  variables: Variables,
): string => JSON.stringify({ operationName: document.name, documentId: `sha256:${document.hash}`, variables });

/** Throws RequestError: with the api's code, or UNREACHABLE. */
export async function request<Result, Variables>(
  document: OperationDocument<Result, Variables>,
  variables: Variables,
  signal: AbortSignal | null = null,
): Promise<Result> {
  return resultOf(await answerOf(operationBody(document, variables), signal)) as Result; // what the document's type says
}

async function answerOf(body: string, signal: AbortSignal | null): Promise<GraphqlAnswer<unknown>> {
  try {
    const response = await fetch('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
      signal,
    });
    return (await response.json()) as GraphqlAnswer<unknown>; // the api answers nothing else, whatever the status
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new RequestError('The api does not answer: it may be restarting.', { code: 'UNREACHABLE' });
  }
}

/** The data of an answer; throws its first error. */
export function resultOf<Result>({ data, errors }: GraphqlAnswer<Result>): Result {
  const [error] = errors ?? [];
  if (error !== undefined) throw new RequestError(error.message, error.extensions ?? { code: 'INTERNAL' });
  if (data === undefined || data === null) {
    throw new RequestError('The api answered nothing.', { code: 'UNREACHABLE' });
  }
  return data;
}
