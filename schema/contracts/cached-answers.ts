/**
 * Which answers the cache keeps, as far as a usage record tells: what the proxy goes by and says in records, and what
 * the api reads out of them to tell what a cache would have saved.
 */

/** The wire's 25 MB. A larger answer is not cached. */
export const CACHED_ANSWER_BYTES_MAX = 25 * 1024 * 1024;

/** Usage notes of answers that came to their end, and whose usage had to be estimated. */
export const NO_USAGE_NOTE = 'the provider reported no usage; estimated from text';
export const UNREAD_NOTE = 'the answer was too large to read; estimated from text';
/** Such answers are kept, whatever else the note says behind that. */
export const KEPT_ESTIMATE_NOTES: readonly string[] = [NO_USAGE_NOTE, UNREAD_NOTE];
/** Of an answer that ended with the provider's error: it is not kept. */
export const BROKEN_OFF_NOTE = 'the provider broke off with an error; estimated from text';
