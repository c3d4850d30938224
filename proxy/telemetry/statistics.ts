/** What the proxy counts about itself: plain numbers on the request path, read when Prometheus asks. */
import type { ErrorCode } from '../../schema/contracts/error-codes.js';

export class ProxyStatistics {
  requests = 0;
  /** times that an upstream was not read because its client did not read */
  upstreamPauses = 0;
  /** clients cut because they read nothing for too long */
  slowClientsCut = 0;
  /** requests refused because their body fell silent */
  silentUploads = 0;
  /** answers that fell silent, broke off or broke the protocol after their head */
  brokenAnswers = 0;
  /** encoded answers whose counting was given up: too large, too dense, damaged, or in an unknown encoding */
  undecodedAnswers = 0;
  /** attempts that followed a failed one */
  retries = 0;
  /** universal steps that failed, so that the next one was tried */
  fallbacks = 0;
  /** retries that were not made, because the request would have taken too long */
  retriesTooLate = 0;
  /** refusals by wire code and status, e.g. `2009/401`; as many entries as the table of error codes has */
  readonly refusals = new Map<string, number>();

  refused(error: ErrorCode): void {
    const key = `${error.code}/${error.status}`;
    this.refusals.set(key, (this.refusals.get(key) ?? 0) + 1);
  }
}
