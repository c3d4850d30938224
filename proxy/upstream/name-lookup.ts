/** Where names lead: every address, as nobody else's slow name server can hold it up. */
import { lookup, Resolver } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';

/** All addresses of a name, at least one; rejects with the resolver's error when there is none. */
export type NameLookup = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface NameLookupOptions {
  /** name servers, `address` or `address:port`; by default the system's */
  readonly servers?: readonly string[];
  /** whether a name that no server knows may stand in the system's own tables (`/etc/hosts`) */
  readonly readsHostsFile: boolean;
}

/** Each query; the second try takes twice as long, so that an answer comes within the time of connecting. */
const QUERY_TIMEOUT_MS = 500;
const QUERY_TRIES = 2;

/**
 * For names that tenants choose. Node's usual look-up keeps one of four threads busy while a name server is silent, and
 * file and zlib work waits for the same four; this one sends its queries by itself.
 */
export function createNameLookup(options: NameLookupOptions): NameLookup {
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
  if (options.servers !== undefined) resolver.setServers(options.servers);
  return async (hostname) => {
    const [a, aaaa] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses: LookupAddress[] = [];
    if (a.status === 'fulfilled') for (const address of a.value) addresses.push({ address, family: 4 });
    if (aaaa.status === 'fulfilled') for (const address of aaaa.value) addresses.push({ address, family: 6 });
    if (addresses.length > 0) return addresses;
    if (options.readsHostsFile) return systemLookup(hostname);
    throw a.status === 'rejected' ? a.reason : new Error('the name has no address');
  };
}

/** For names that the operator chose. */
export const systemLookup: NameLookup = (hostname) => lookup(hostname, { all: true });
