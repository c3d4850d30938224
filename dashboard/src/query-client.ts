/** What all operations share: when they are tried again, and what becomes of a session that has ended. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { navigate } from 'wouter/use-browser-location';
import { isEntrance, signInPath } from './paths.js';
import { RequestError } from './request-error.js';

/** How often something is asked again that did not answer: a request that was understood and refused, never. */
const RETRIES_MAX = 2;
const FRESH_MS = 5_000;
/** When the page was last loaded anew because the api is of another build. */
const LOADED_ANEW = 'tollgate-loaded-anew';
const LOADED_ANEW_MS_MIN = 30_000;

/** One for each page load: another user's answers never outlive a sign-in. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError: leaveWhenSignedOut }),
    mutationCache: new MutationCache({ onError: leaveWhenSignedOut }),
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        retry: (count, error) => error instanceof RequestError && error.code === 'UNREACHABLE' && count < RETRIES_MAX,
      },
      mutations: { retry: false },
    },
  });
}

/** Once in a while: behind a balancer, two builds may answer in turns until the newer one has all places. */
function loadAnew(): void {
  const lastMs = Number(sessionStorage.getItem(LOADED_ANEW) ?? 0);
  if (Date.now() - lastMs < LOADED_ANEW_MS_MIN) return;
  sessionStorage.setItem(LOADED_ANEW, String(Date.now()));
  location.reload();
}

/**
 * To sign-in and back. A new build of the api does not know the documents of a page that is still open: it loads anew.
 */
function leaveWhenSignedOut(error: Error): void {
  if (!(error instanceof RequestError)) return;
  if (error.code === 'PERSISTED_QUERY_NOT_FOUND') return loadAnew();
  const { pathname, search } = location;
  if (error.code === 'UNAUTHENTICATED' && !isEntrance(pathname)) navigate(signInPath(`${pathname}${search}`));
}
