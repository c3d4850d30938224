/**
 * Connection pools, one per destination, kept alive, never shared between destinations. Origins of the operator's table
 * are reached as they are; what a tenant named is reached only by way of the guard, and each of its connections carries
 * one request, so that nothing an untrusted server sends unasked can be taken for the answer to somebody else's call.
 */
import type { Dispatcher } from 'undici';
import { NO_NETWORKS, type NetworkList } from '../../schema/contracts/networks.js';
import { REQUEST_BOUNDS, type RequestBounds } from '../request-bounds.js';
import { AddressGuard } from './address-guard.js';
import { BoundedPools, type PoolBounds } from './bounded-pools.js';
import type { Destination } from './destination.js';
import type { EgressWay } from './egress/egress-tunnel.js';
import { guardedConnector } from './guarded-connector.js';
import { ConnectionPool } from './http1/connection-pool.js';
import type { CallHandler } from './http1/http-call.js';
import { createNameLookup, SYSTEM_PRIVATE_NAMES, systemLookup, type NameLookup } from './name-lookup.js';
import { OwnAddresses, type OwnEndpoint } from './own-addresses.js';
import type { TlsTrust } from './socket-steps.js';
import { UpstreamPool, type SentCall } from './upstream-pool.js';

/**
 * Sockets per origin, unless it is told how many requests may run; beyond it, calls wait for a free one until their
 * time is up.
 */
const CONNECTIONS_MAX = 10_000;
/** Sockets to one custom provider of one account, whose pool looks through them one by one for a free one; likewise. */
const CUSTOM_CONNECTIONS_MAX = 1_024;
/** Below the idle time of the providers' own front ends, so that we close first. */
const KEEP_ALIVE_MS = 20_000;
/** Half of the minute that an opened secret may be in memory: a pool that is not used leaves at the second time. */
const CLOSE_UNUSED_INTERVAL_MS = 30_000;

export interface Dispatchers {
  readonly counts: { readonly refusedAddresses: number; readonly closedPools: number; readonly refusedPools: number };
  readonly poolCount: number;
  /**
   * the pool of a destination; made at first use. Throws GatewayError 9006 when there may be no more of them, or of its
   * caller's.
   */
  of(destination: Destination): Dispatcher;
  /** Sends a call by the pool of its destination. Throws as `of` does; what fails later, `handler` is told. */
  send(destination: Destination, call: SentCall, handler: CallHandler): void;
  close(): Promise<void>;
}

export interface DispatcherOptions {
  readonly bounds?: Pick<RequestBounds, 'connectTimeoutMs' | 'answerIdleMs'>;
  /** certificates (PEM) that are trusted in place of Node's own; for tests */
  readonly trustedCertificates?: string;
  /** `EGRESS_PROXY_URL`; null: https goes straight to its origins, as http always does */
  readonly instanceEgress?: URL | null;
  /** `ALLOW_PRIVATE_UPSTREAMS` */
  readonly allowedNetworks?: NetworkList;
  /** of names that tenants chose; the system's name servers by default */
  readonly nameLookup?: NameLookup;
  /** what tenants may not reach, whatever is allowed */
  readonly stores?: readonly OwnEndpoint[];
  readonly listenerPorts?: () => readonly number[];
  readonly poolBounds?: PoolBounds;
  /** calls to one origin at a time: as many as may run, so that none waits for the connection of another */
  readonly connectionsMax?: number;
}

export function createDispatchers(options: DispatcherOptions = {}): Dispatchers {
  const guard = createGuard(options);
  const pools = new BoundedPools((destination) => createPool(destination, guard, options), options.poolBounds);
  const timer = setInterval(() => pools.closeUnused(), CLOSE_UNUSED_INTERVAL_MS).unref();
  return {
    get counts() {
      return { refusedAddresses: guard.refused, closedPools: pools.closed, refusedPools: pools.refused };
    },
    get poolCount() {
      return pools.size;
    },
    of: (destination) => pools.of(destination).dispatcher,
    send: (destination, call, handler) => pools.of(destination).send(call, handler),
    close() {
      clearInterval(timer);
      return pools.destroy();
    },
  };
}

function createGuard(options: DispatcherOptions): AddressGuard {
  const allowed = options.allowedNetworks ?? NO_NETWORKS;
  return new AddressGuard({
    allowed,
    lookup: options.nameLookup ?? createNameLookup({ privateNames: allowed.isEmpty ? null : SYSTEM_PRIVATE_NAMES }),
    own: new OwnAddresses({
      listenerPorts: options.listenerPorts ?? (() => []),
      stores: options.stores ?? [],
      lookup: systemLookup,
    }),
  });
}

function createPool(destination: Destination, guard: AddressGuard, options: DispatcherOptions): UpstreamPool {
  const { connectTimeoutMs: timeoutMs, answerIdleMs } = options.bounds ?? REQUEST_BOUNDS;
  const trust: TlsTrust = options.trustedCertificates === undefined ? {} : { ca: options.trustedCertificates };
  const isCustom = destination.accountId !== null;
  const egress = wayOut(destination, guard, options.instanceEgress ?? null);
  const isPlain = !isCustom && egress === null;
  const connectionsMax = options.connectionsMax ?? CONNECTIONS_MAX;
  const kept = { connectionsMax, keepAliveMs: KEEP_ALIVE_MS, connectTimeoutMs: timeoutMs };
  const own = isPlain ? new ConnectionPool(destination.origin, { ...kept, answerIdleMs, trust }) : null;
  const undiciOptions = {
    connections: isCustom ? CUSTOM_CONNECTIONS_MAX : connectionsMax,
    // 0: one request a connection. (`maxRequestsPerClient: 1` lets a second one pass in undici 7.30.)
    pipelining: isCustom ? 0 : 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0, // the forward stage's own timer runs to the first byte, connecting included
    bodyTimeout: answerIdleMs,
    connect: isPlain
      ? { timeout: timeoutMs, ...trust }
      : guardedConnector({ guard: isCustom ? guard : null, egress, trust, timeoutMs }),
  };
  return new UpstreamPool(destination.origin, undiciOptions, own);
}

/**
 * The gateway's own egress proxy wins. The instance's is for https; the operator's own http origins are reached as they
 * are.
 */
function wayOut(
  { origin, accountId, egress }: Destination,
  guard: AddressGuard,
  instance: URL | null,
): EgressWay | null {
  if (egress !== null) return { url: egress.url, guard };
  if (instance === null || (accountId === null && origin.startsWith('http:'))) return null;
  return { url: instance, guard: null };
}
