/**
 * How undici gets the connections that are not the plain ones: straight to checked addresses, or through an egress
 * proxy. TLS is always spoken with the upstream itself, by the name in its URL.
 */
import type { Socket } from 'node:net';
import { isNativeError } from 'node:util/types';
import { errors, type buildConnector } from 'undici';
import { GatewayError } from '../gateway-error.js';
import type { AddressGuard, Endpoint } from './address-guard.js';
import { EgressTunnel, type EgressWay } from './egress/egress-tunnel.js';
import { dialAddresses, secured, withinTime, type TlsTrust } from './socket-steps.js';

export interface ConnectorOptions {
  /** null: the origin is of the operator's table, and any address will do */
  readonly guard: AddressGuard | null;
  /** null: no proxy in between */
  readonly egress: EgressWay | null;
  readonly trust: TlsTrust;
  /** of everything together: names, sockets, the proxy's handshake, TLS */
  readonly timeoutMs: number;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** undici's connector; its errors are GatewayError 2005 or what `upstreamError` translates. */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const tunnel = options.egress === null ? null : new EgressTunnel(options.egress, options.trust, options.timeoutMs);
  return ({ protocol, hostname, port }, callback) => {
    const upstream: Endpoint = {
      hostname,
      port: Number(port) || (DEFAULT_PORTS[protocol] ?? 0),
      who: 'the provider',
      mustBeAllowed: protocol !== 'https:',
    };
    withinTime(
      options.timeoutMs,
      () => tunnel?.timedOut() ?? new errors.ConnectTimeoutError(),
      (signal) => open(options, tunnel, upstream, signal),
    ).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(isNativeError(error) ? error : new Error('not connected', { cause: error }), null),
    );
  };
}

async function open(
  { guard, trust, timeoutMs }: ConnectorOptions,
  tunnel: EgressTunnel | null,
  upstream: Endpoint,
  signal: AbortSignal,
): Promise<Socket> {
  const isTls = !upstream.mustBeAllowed;
  if (tunnel !== null && !isTls) {
    throw new GatewayError('upstreamFailed', 'only https providers can be reached through an egress proxy');
  }
  const addresses = guard === null ? null : await guard.addressesOf(upstream, signal);
  const socket = await (tunnel === null
    ? dialAddresses(addresses ?? [], upstream.port, { timeoutMs, signal })
    : tunnel.open({ hostname: nameFor(upstream, addresses), port: upstream.port }, signal));
  return isTls ? secured(socket, upstream.hostname, trust, signal) : socket;
}

/**
 * What a proxy is told to connect to: the address that was checked, so that it resolves nothing that we did not; the
 * name where none had to be. IPv4 first: a proxy without IPv6 is likelier than one without IPv4.
 */
function nameFor({ hostname }: Endpoint, addresses: Awaited<ReturnType<AddressGuard['addressesOf']>> | null): string {
  if (addresses === null) return hostname;
  return (addresses.find(({ family }) => family === 4) ?? addresses[0])?.address ?? hostname;
}
