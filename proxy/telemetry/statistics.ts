/** What the proxy counts about itself: plain numbers on the request path, read when Prometheus asks. */
import type { ErrorCode } from '../../schema/contracts/error-codes.js';

export class ProxyStatistics {
  requests = 0;
  /** refusals by wire code and status, e.g. `2009/401`; as many entries as the table of error codes has */
  readonly refusals = new Map<string, number>();

  refused(error: ErrorCode): void {
    const key = `${error.code}/${error.status}`;
    this.refusals.set(key, (this.refusals.get(key) ?? 0) + 1);
  }
}
