/**
 * Connections through an egress proxy: HTTP CONNECT (RFC 9110 §9.3.6) or SOCKS5 (RFC 1928). What fails on the way is an
 * error that names neither the proxy's address nor its credentials, and there is no other way instead.
 */
import type { Socket } from 'node:net';
import { GatewayError } from '../../gateway-error.js';
import type { AddressGuard } from '../address-guard.js';
import { dialAddresses, dialHost, secured, type TlsTrust } from '../socket-steps.js';
import { EgressRefusal } from './egress-refusal.js';
import { HandshakeReader } from './handshake-reader.js';
import { askByConnect } from './http-connect.js';
import { askBySocks5 } from './socks5.js';

/** An egress proxy, and what is thought of whoever named it. */
export interface EgressWay {
  /** `http:`, `https:` or `socks5:`, with credentials where it wants them */
  readonly url: URL;
  /** null: the operator's own, wherever it is. Else a tenant's, which has to be at an address that tenants may name. */
  readonly guard: AddressGuard | null;
}

/** What a proxy is asked to connect to. */
export interface TunnelTarget {
  /** a name or an address, IPv6 without brackets */
  readonly hostname: string;
  readonly port: number;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'socks5:': 1_080 };

export class EgressTunnel {
  private readonly hostname: string;
  private readonly port: number;

  constructor(
    private readonly way: EgressWay,
    private readonly trust: TlsTrust,
    private readonly timeoutMs: number,
  ) {
    this.hostname = way.url.hostname.replace(/^\[|\]$/g, '');
    this.port = Number(way.url.port) || (DEFAULT_PORTS[way.url.protocol] ?? 0);
  }

  timedOut(): GatewayError {
    return new GatewayError('upstreamTimedOut', 'no connection came about in time through the egress proxy');
  }

  /** A socket at whose other end is the target; the proxy only passes its bytes on. Throws GatewayError 2005. */
  async open(target: TunnelTarget, signal: AbortSignal): Promise<Socket> {
    const socket = await this.reach(signal);
    const reader = new HandshakeReader(socket, signal);
    try {
      await (this.way.url.protocol === 'socks5:' ? askBySocks5 : askByConnect)(reader, this.way.url, target);
      reader.release();
      return socket;
    } catch (error) {
      socket.destroy();
      if (!(error instanceof EgressRefusal)) throw this.failure(error, signal, 'broke off the connection');
      throw new GatewayError('upstreamFailed', `the egress proxy ${error.message}`);
    }
  }

  private async reach(signal: AbortSignal): Promise<Socket> {
    const { hostname, port, timeoutMs } = this;
    const { guard, url } = this.way;
    try {
      const endpoint = { hostname, port, who: 'the egress proxy', mustBeAllowed: false };
      const socket =
        guard === null
          ? await dialHost(hostname, port, signal)
          : await dialAddresses(await guard.addressesOf(endpoint, signal), port, { timeoutMs, signal });
      return url.protocol === 'https:' ? await secured(socket, hostname, this.trust, signal) : socket;
    } catch (error) {
      throw this.failure(error, signal, 'could not be reached');
    }
  }

  private failure(error: unknown, signal: AbortSignal, what: string): unknown {
    if (signal.aborted || error instanceof GatewayError) return error;
    return new GatewayError('upstreamFailed', `the egress proxy ${what}`, { cause: error });
  }
}
