/** Bounds of one request that no setting changes; each says what happens when it is reached. */

/** To the first byte of an answer, unless the gateway or the request says otherwise: then 504/2005. */
export const DEFAULT_REQUEST_TIMEOUT_MS = 120_000;
/**
 * From a request's arrival to the first byte of its last attempt's answer: no attempt begins later, and one that runs
 * is cut then. A single attempt may take as long by its own time limit.
 */
export const ATTEMPTS_MS_MAX = 600_000;
/**
 * Silence on a client's connection in both directions: above the longest time to a first byte that a gateway may set,
 * so that only a client is cut that does not read its answer.
 */
export const CONNECTION_IDLE_TIMEOUT_MS = 660_000;

/** What is held of a body: enough for every chat request; a larger one is streamed, never cached or retried. */
export const HELD_BYTES_MAX = 1024 * 1024;

/** From a connection's first byte, or its beginning, to the end of a request's head: then 400/9002. */
export const HEADERS_TIMEOUT_MS = 15_000;
/** To the end of its body: likewise */
export const REQUEST_TIMEOUT_MS = 300_000;
/** Above the idle time of common load balancers (60 s): closing first is the classic cause of their 502s. */
export const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** Then the connection is closed in good order: clients spread over new proxies, and nothing lives for ever. */
export const REQUESTS_PER_CONNECTION_MAX = 1_000;

/** The bounds that tests make smaller, so that they need not wait. */
export interface RequestBounds {
  /** connecting, TLS included: then 504/2005 */
  readonly connectTimeoutMs: number;
  /**
   * silence in the middle of an answer, comments of a stream counting as sound: then it breaks off
   * (docs/upstream-faults.md)
   */
  readonly answerIdleMs: number;
  /** silence in the middle of a request's body: then 400/9002, and what was begun upstream is stopped */
  readonly uploadIdleMs: number;
  /** how long a client may read nothing while bytes wait for it: then both sides are cut, and the record says so */
  readonly slowClientMs: number;
  /** what may wait for a client that reads slowly: then the upstream is not read either until all of it has gone */
  readonly clientBufferBytesMax: number;
}

export const REQUEST_BOUNDS: RequestBounds = Object.freeze({
  connectTimeoutMs: 3_000,
  answerIdleMs: 120_000,
  uploadIdleMs: 30_000,
  slowClientMs: 60_000,
  clientBufferBytesMax: 256 * 1024,
});
