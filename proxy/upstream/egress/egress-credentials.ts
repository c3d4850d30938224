/** The user and password of an egress proxy's URL, as they are meant; null: the URL has none. */
export function egressCredentials(url: URL): { readonly user: string; readonly password: string } | null {
  if (url.username === '' && url.password === '') return null;
  return { user: unescaped(url.username), password: unescaped(url.password) };
}

/** A `%` that escapes nothing is a `%` of the password. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
