/** The secret of a link: it stands behind the `#`, which no server is sent. */
import { useState } from 'react';

/** Read once, and taken out of the address, so that it stays in no history. */
export function useLinkSecret(): string {
  const [secret] = useState(() => location.hash.slice(1) || storedSecret(location.pathname));
  if (location.hash !== '') {
    // A render that is thrown away must not lose it: what follows reads it again from here.
    history.replaceState({ ...asObject(history.state), [location.pathname]: secret }, '', location.pathname);
  }
  return secret;
}

function storedSecret(path: string): string {
  const stored: unknown = asObject(history.state)[path];
  return typeof stored === 'string' ? stored : '';
}

const asObject = (state: unknown): Readonly<Record<string, unknown>> =>
  typeof state === 'object' && state !== null ? { ...state } : {};
