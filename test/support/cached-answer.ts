import type { CachedAnswer } from '../../proxy/cache/cached-answer.js';
import { NOTHING_USED } from '../../proxy/dialects/dialect.js';

/** An answer of which nothing is known but its body. */
export const cachedAnswer = (body: Buffer): CachedAnswer => ({
  headers: [],
  body,
  contentEncoding: null,
  vary: null,
  varyHash: null,
  policyRevision: 1,
  keyDigest: null,
  requestedModel: null,
  reading: NOTHING_USED,
});
