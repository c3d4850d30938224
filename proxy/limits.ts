/** Bounds of one request that no setting changes; each says what happens when it is reached. */

/** To the first byte of an answer, unless the gateway or the request says otherwise: then 504/2005. */
export const DEFAULT_REQUEST_TIMEOUT_MS = 120_000;
/** Silence in the middle of an answer: then the stream ends with the dialect's error event. */
export const ANSWER_IDLE_TIMEOUT_MS = 120_000;
/**
 * Silence on a client's connection in both directions: above the longest time to a first byte that a gateway may set, so
 * that only a client is cut that does not read its answer.
 */
export const CONNECTION_IDLE_TIMEOUT_MS = 660_000;
/** Connecting, TLS included: then 502/2005. */
export const CONNECT_TIMEOUT_MS = 3_000;
