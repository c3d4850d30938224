/**
 * A load of calls by both proxies with tokens that come to their ends: who was accepted and refused, and in which
 * order.
 */
import type { TierTenant } from './tiers.js';

/** One call at a time by each proxy with each token, and the next as soon as it is answered. */
export class TokenLoad {
  requests = 0;
  /** accepted after a refusal of which the caller knew before he sent it */
  readonly relapses: string[] = [];
  /** answers that neither accept nor refuse */
  readonly others: number[] = [];
  private readonly acceptedBy = new Set<string>();
  private readonly refusedBy = new Set<string>();
  private isOver = false;
  private readonly runs: Promise<unknown>;

  constructor(
    private readonly tenant: TierTenant,
    private readonly secrets: readonly string[],
  ) {
    this.runs = Promise.all([0, 1].flatMap((proxy) => secrets.map((_, token) => this.run(proxy === 0 ? 0 : 1, token))));
  }

  accepted = (tokens: readonly number[]): boolean => this.isKnown(this.acceptedBy, tokens);
  refused = (tokens: readonly number[]): boolean => this.isKnown(this.refusedBy, tokens);

  async stop(): Promise<void> {
    this.isOver = true;
    await this.runs;
  }

  private isKnown(places: ReadonlySet<string>, tokens: readonly number[]): boolean {
    return tokens.every((token) => places.has(`0/${token}`) && places.has(`1/${token}`));
  }

  private async run(proxy: 0 | 1, token: number): Promise<void> {
    const place = `${proxy}/${token}`;
    while (!this.isOver) {
      const wasRefused = this.refusedBy.has(place);
      const { status } = await this.tenant.call(proxy, { token: this.secrets[token] ?? '' });
      this.requests += 1;
      if (status === 401) this.refusedBy.add(place);
      else if (status !== 200) this.others.push(status);
      else {
        this.acceptedBy.add(place);
        if (wasRefused) this.relapses.push(place);
      }
    }
  }
}
