/**
 * How many access tokens may be asked for at a time. Through a gateway's own egress proxy an answer comes as slowly as
 * its tenant likes, so such requests have a part of the room, and each proxy a part of that: the others are not kept
 * waiting, nor turned away, by what one tenant lets hang.
 */
import type { EgressProxy } from '../upstream/destination.js';

const ALL_MAX = 256;
/** Through egress proxies of gateways, together. */
const PROXIED_MAX = 128;
const PER_PROXY_MAX = 16;

export class AskingRoom {
  private all = 0;
  private proxied = 0;
  private readonly perProxy = new Map<string, number>();

  /** Whether there was a place; it is taken until `leave`. */
  enter(egress: EgressProxy | null): boolean {
    if (this.all >= ALL_MAX) return false;
    if (egress !== null) {
      const own = this.perProxy.get(egress.key) ?? 0;
      if (this.proxied >= PROXIED_MAX || own >= PER_PROXY_MAX) return false;
      this.proxied += 1;
      this.perProxy.set(egress.key, own + 1);
    }
    this.all += 1;
    return true;
  }

  /** Once for each `enter` that found a place, with the same way out. */
  leave(egress: EgressProxy | null): void {
    this.all -= 1;
    if (egress === null) return;
    this.proxied -= 1;
    const left = (this.perProxy.get(egress.key) ?? 1) - 1;
    if (left > 0) this.perProxy.set(egress.key, left);
    else this.perProxy.delete(egress.key);
  }
}
