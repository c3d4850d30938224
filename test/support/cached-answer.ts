import type { CachedAnswer } from '../../proxy/cache/cached-answer.js';
import type { AnswerToKeep } from '../../proxy/cache/shared-answers.js';
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

/** Bytes as somebody keeps them as an answer. */
export const written = (answer: Buffer): Pick<AnswerToKeep, 'bytes' | 'write'> => ({
  bytes: answer.length,
  write: (into) => void answer.copy(into),
});
