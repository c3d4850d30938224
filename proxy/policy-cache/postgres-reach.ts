/**
 * Whether Postgres can be asked, as those find out who ask it all the time: what is known to be away is not waited for,
 * and a document that nobody holds is refused at once.
 */

/** The first failure may be one of a connection that has ended, and says nothing of the next one. */
const FAILURES_MIN = 2;

export class PostgresReach {
  private failures = 0;

  get isAway(): boolean {
    return this.failures >= FAILURES_MIN;
  }

  answered(): void {
    this.failures = 0;
  }

  failed(): void {
    this.failures += 1;
  }

  /** It is away until it answers. */
  setAway(): void {
    this.failures = FAILURES_MIN;
  }
}
