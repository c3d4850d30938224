/**
 * Which addresses a tenant's URL may lead to (security §3.4): public ones, those that the operator allows, and never a
 * port of this proxy, its Postgres or its Redis. It says so at the moment of dialling, and names the very addresses
 * that are then dialled, so that a name which answers otherwise the next time changes nothing.
 */
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { isPublicAddress, type NetworkList } from '../../schema/contracts/networks.js';
import { GatewayError } from '../gateway-error.js';
import type { NameLookup } from './name-lookup.js';
import type { OwnAddresses } from './own-addresses.js';
import { orAborted } from './socket-steps.js';

/** Where a connection is to go. */
export interface Endpoint {
  /** as `URL.hostname` has it, IPv6 without its brackets */
  readonly hostname: string;
  readonly port: number;
  /** who is there, for error messages: `the provider`, `the egress proxy` */
  readonly who: string;
  /** public addresses will not do: plain http may go to the operator's own networks alone */
  readonly mustBeAllowed: boolean;
}

export interface AddressGuardDeps {
  readonly lookup: NameLookup;
  /** `ALLOW_PRIVATE_UPSTREAMS` */
  readonly allowed: NetworkList;
  readonly own: OwnAddresses;
}

export class AddressGuard {
  /** connections refused because of where they would have gone */
  refused = 0;

  constructor(private readonly deps: AddressGuardDeps) {}

  /**
   * All addresses of an endpoint, each of them checked. Throws GatewayError 2005 when the name has none or when a
   * single one may not be dialled; the client does not learn which, nor what stands there. Rejects with the signal's
   * reason.
   */
  async addressesOf(endpoint: Endpoint, signal: AbortSignal): Promise<readonly LookupAddress[]> {
    const addresses = await this.lookUp(endpoint, signal);
    for (const { address } of addresses) {
      if (await this.mayDial(address, endpoint, signal)) continue;
      this.refused += 1;
      const cause = new Error(`${endpoint.hostname} leads to ${address}, port ${endpoint.port}`);
      throw new GatewayError('upstreamFailed', `${endpoint.who} may not be reached at its address`, { cause });
    }
    return addresses;
  }

  private async lookUp({ hostname, who }: Endpoint, signal: AbortSignal): Promise<readonly LookupAddress[]> {
    const family = isIP(hostname);
    if (family !== 0) return [{ address: hostname, family }];
    const unresolved = (cause: unknown): GatewayError =>
      new GatewayError('upstreamFailed', `${who}'s name could not be resolved`, { cause });
    let addresses: readonly LookupAddress[] = [];
    try {
      addresses = await orAborted(this.deps.lookup(hostname), signal);
    } catch (error) {
      throw signal.aborted ? error : unresolved(error);
    }
    if (addresses.length === 0) throw unresolved(undefined);
    return addresses;
  }

  private async mayDial(address: string, { port, mustBeAllowed }: Endpoint, signal: AbortSignal): Promise<boolean> {
    if (address.includes('%')) return false; // a zone is for addresses of one link, which are nobody's to name
    if (!this.deps.allowed.has(address) && (mustBeAllowed || !isPublicAddress(address))) return false;
    return !(await orAborted(this.deps.own.has(address, port), signal));
  }
}
