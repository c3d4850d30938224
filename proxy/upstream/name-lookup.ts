/** Where names lead: every address, as nobody else's slow name server can hold it up. */
import { readFile } from 'node:fs/promises';
import { lookup, Resolver } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';

/** All addresses of a name, at least one; rejects with the resolver's error when there is none. */
export type NameLookup = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface NameLookupOptions {
  /** name servers, `address` or `address:port`; by default the system's */
  readonly servers?: readonly string[];
  /** where names stand that may be private; null: only name servers are asked */
  readonly privateNames: PrivateNames | null;
}

export interface PrivateNames {
  /** `/etc/hosts`, or another file of its kind (hosts(5)) */
  readonly hostsFile: string;
  /** of names without a dot, which the system completes with its search domains */
  readonly lookupShort: NameLookup;
}

/** Each query; the second try takes twice as long, so that an answer comes within the time of connecting. */
const QUERY_TIMEOUT_MS = 500;
const QUERY_TRIES = 2;

/**
 * For names that tenants choose. Node's usual look-up keeps one of four threads busy while a name server is silent, and
 * file and zlib work waits for the same four; this one sends its queries by itself. Only names without a dot go the
 * usual way too: none but the operator's own servers can be silent about those.
 */
export function createNameLookup({ servers, privateNames }: NameLookupOptions): NameLookup {
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  return async (hostname) => {
    const [a, aaaa] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses: LookupAddress[] = [];
    if (a.status === 'fulfilled') for (const address of a.value) addresses.push({ address, family: 4 });
    if (aaaa.status === 'fulfilled') for (const address of aaaa.value) addresses.push({ address, family: 6 });
    if (addresses.length === 0 && privateNames !== null) {
      addresses.push(...(await addressesInFile(privateNames.hostsFile, hostname)));
      if (addresses.length === 0 && !hostname.includes('.')) return privateNames.lookupShort(hostname);
    }
    if (addresses.length > 0) return addresses;
    throw a.status === 'rejected' ? a.reason : new Error('the name has no address');
  };
}

/** For names that the operator chose. */
export const systemLookup: NameLookup = (hostname) => lookup(hostname, { all: true });

export const SYSTEM_PRIVATE_NAMES: PrivateNames = Object.freeze({ hostsFile: '/etc/hosts', lookupShort: systemLookup });

/** Each line: an address, then its names; a `#` begins a comment. A file that is not there holds none. */
async function addressesInFile(file: string, hostname: string): Promise<LookupAddress[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line): LookupAddress[] => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const family = isIP(address);
    return family !== 0 && names.some((name) => name.toLowerCase() === hostname) ? [{ address, family }] : [];
  });
}
