/**
 * How many retries may run: of the requests that one gateway has of one provider with one credential, a fifth of those
 * in their first attempt, and three more. When everything fails, retries would otherwise multiply the load on a
 * provider that has too much of it already. At the bound a failure passes on to the client, and is counted.
 */
import type { UpstreamCall } from '../exchange.js';

const SHARE = 0.2;
const FEW = 3;

/** The requests of one key that may be retried; those of gateways without retries are not counted anywhere. */
interface Traffic {
  /** in their first attempt */
  first: number;
  /** waiting for another attempt, or in one */
  retrying: number;
}

/** One request's part in it. */
export interface RetryShare {
  /** Whether another attempt may be made; it runs, or waits, until this is asked again or the request leaves. */
  take(): boolean;
  leave(): void;
}

export class RetryBudgets {
  /** retries that were not made */
  refused = 0;
  /** no more entries than requests that run */
  private readonly traffics = new Map<string, Traffic>();

  enter(call: UpstreamCall): RetryShare {
    const { policy, provider } = call.target;
    const key = `${policy.gatewayId} ${provider.slug} ${call.storedKey?.id ?? ''}`;
    let traffic = this.traffics.get(key);
    if (traffic === undefined) this.traffics.set(key, (traffic = { first: 0, retrying: 0 }));
    return this.share(key, traffic);
  }

  private share(key: string, traffic: Traffic): RetryShare {
    let state: 'first' | 'retrying' | null = 'first';
    traffic.first += 1;
    const leave = (): void => {
      if (state === null) return;
      traffic[state] -= 1;
      state = null;
      if (traffic.first + traffic.retrying === 0) this.traffics.delete(key);
    };
    const take = (): boolean => {
      const before = state;
      const others = traffic.retrying - (before === 'retrying' ? 1 : 0);
      if (before === null || others + 1 > Math.floor(SHARE * traffic.first) + FEW) {
        this.refused += 1;
        return false;
      }
      traffic[before] -= 1;
      traffic.retrying += 1;
      state = 'retrying';
      return true;
    };
    return { take, leave };
  }
}
