/** How pages ask and change: the generated documents over react-query. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { UseMutationResult, UseQueryResult } from '@tanstack/react-query';
import type { OperationDocument } from './gql/graphql.js';
import { request } from './request.js';

/** How often a page that is looked at asks again, unless it says otherwise. */
export const LIVE_REFRESH_MS = 10_000;

export interface OperationOptions<Result> {
  /** false: it is not asked yet */
  readonly isOn?: boolean;
  /** asks again this often while the page is visible, or as the last answer says; null: never */
  readonly refreshMs?: number | null | ((answer: Result | undefined) => number);
}

/**
 * Asks, and goes on showing the former answer while variables change (`isPlaceholderData`). The same question on one
 * page is asked once.
 */
export function useOperation<Result, Variables>(
  document: OperationDocument<Result, Variables>,
  variables: Variables,
  { isOn = true, refreshMs = null }: OperationOptions<Result> = {},
): UseQueryResult<Result> {
  return useQuery({
    queryKey: [document.hash, variables],
    queryFn: ({ signal }) => request(document, variables, signal),
    enabled: isOn,
    refetchInterval: typeof refreshMs === 'function' ? (query) => refreshMs(query.state.data) : (refreshMs ?? false),
    placeholderData: keepPreviousData,
  });
}

/**
 * Changes something by a mutation, then asks all that is on the page anew, so that it is seen. `onDone` runs when that
 * has been answered.
 */
export function useChange<Result, Variables>(
  document: OperationDocument<Result, Variables>,
  onDone?: (result: Result, variables: Variables) => void,
): UseMutationResult<Result, Error, Variables> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (variables: Variables) => request(document, variables),
    onSuccess: async (result, variables) => {
      await client.invalidateQueries();
      onDone?.(result, variables);
    },
  });
}
