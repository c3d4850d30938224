/** Where a sign-in goes on: a path of this site, and nothing that a browser would take for another one. */
export const START = '/';

const PATH_CHARACTERS_MAX = 2_048;

/** `path` if it stays on `origin` whatever a browser makes of it; else the start page. */
export function localPath(path: unknown, origin: string): string {
  if (typeof path !== 'string' || path.length > PATH_CHARACTERS_MAX) return START;
  // `//host` and `/\host` lead to another site; browsers drop tabs and line ends first, so that `/\t/host` does too.
  if (!/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(path)) return START;
  const url = URL.canParse(path, origin) ? new URL(path, origin) : null;
  if (url?.origin !== new URL(origin).origin) return START;
  const local = `${url.pathname}${url.search}${url.hash}`;
  return local.startsWith('//') ? START : local; // what `/..//host` comes to
}
