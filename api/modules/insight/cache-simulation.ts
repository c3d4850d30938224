/**
 * What a cache with one time to live would have done with calls that were recorded: the cache's own rules, played
 * through in the order of time. It begins empty. An answer is kept from its end on, for as long as it says there,
 * whatever is asked meanwhile; a newer one takes its place; who asks before an answer's end makes a call of his own.
 */

/** A recorded call as the cache sees it. */
export interface RecordedCall {
  readonly key: string;
  /** when it was looked up, Unix ms */
  readonly atMs: number;
  /** when its answer had come, Unix ms */
  readonly endMs: number;
  /** whether its answer is one that the cache keeps */
  readonly isKept: boolean;
  /** of what answered it; of a cache hit what that saved; null: it has no price */
  readonly costPico: bigint | null;
  /** what it used, as one text; null: nobody recorded it (a cache hit) */
  readonly units: string | null;
  readonly tokensIn: bigint;
  readonly tokensOut: bigint;
}

export class CacheSimulation {
  hits = 0;
  /** hits whose answer has no price: what they would have saved is not known */
  unpricedHits = 0;
  savedPico = 0n;
  savedTokensIn = 0n;
  savedTokensOut = 0n;
  /** by key, in the order of their ends; those of which no call can be answered any more are dropped */
  private readonly answers = new Map<string, RecordedCall[]>();

  constructor(readonly ttlSeconds: number) {}

  /** The next call. */
  add(call: RecordedCall): void {
    const answers = this.answers.get(call.key);
    const answer = answers === undefined ? null : this.newest(answers, call.atMs);
    if (answer !== null) this.hit(call, answer);
    else if (call.isKept) this.keep(call, answers);
  }

  /** The answer that the cache has at a time. */
  private newest(answers: RecordedCall[], atMs: number): RecordedCall | null {
    let arrived = 0;
    while (arrived < answers.length && endOf(answers[arrived]) <= atMs) arrived++;
    const answer = answers[arrived - 1];
    answers.splice(0, Math.max(0, arrived - 1)); // a newer one has taken their place
    return answer !== undefined && atMs < answer.endMs + this.ttlSeconds * 1_000 ? answer : null;
  }

  private keep(call: RecordedCall, answers: RecordedCall[] | undefined): void {
    if (answers === undefined) {
      this.answers.set(call.key, [call]);
      return;
    }
    let at = answers.length;
    while (at > 0 && endOf(answers[at - 1]) > call.endMs) at--;
    answers.splice(at, 0, call);
  }

  /**
   * A hit saves what the kept answer would cost whoever asks: what his own call did cost, where that used the same,
   * because it has his own rates and the price of its day.
   */
  private hit(call: RecordedCall, answer: RecordedCall): void {
    const isOwn = call.units === null || call.units === answer.units;
    const costPico = isOwn ? call.costPico : answer.costPico;
    this.hits += 1;
    if (costPico === null) this.unpricedHits += 1;
    else this.savedPico += costPico;
    this.savedTokensIn += answer.tokensIn;
    this.savedTokensOut += answer.tokensOut;
  }
}

const endOf = (call: RecordedCall | undefined): number => call?.endMs ?? Infinity;
