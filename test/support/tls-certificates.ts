/** The certificates of test/fixtures/tls, by name. */
import { readFileSync } from 'node:fs';

const read = (name: string): string =>
  readFileSync(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url), 'utf8');

/** Trusted by tests alone. */
export const TEST_AUTHORITY = read('authority.pem');

/** `localhost`: in order, for that name. Each of the others is wrong in the way that its name says. */
export function serverCertificate(name: 'localhost' | 'other-host' | 'expired' | 'self-signed'): {
  readonly key: string;
  readonly cert: string;
} {
  return { key: read('server.key'), cert: read(`${name}.pem`) };
}
