/** The `code` of what was thrown: ENOENT, ECONNREFUSED, an SQLSTATE. */

/**
 * null when it has none. Does not ask `instanceof Error`: an error of Node's own is not one of ours in another realm
 * (a vm context, as jest makes them).
 */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** What was thrown, in words. The several tries of one connection come as one error without a message of its own. */
export function errorMessage(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.map(errorMessage).join('; ');
  return 'message' in error && error.message !== '' ? String(error.message) : (errorCode(error) ?? 'unknown reason');
}
