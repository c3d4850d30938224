/** Reads the times out of a stream's events: the upstream writes into each when it sent it. */

/** Microseconds of the machine's monotonic clock, which all its processes share. */
export const monotonicUs = (): number => Number(process.hrtime.bigint() / 1_000n);

const MARK = '"obfuscation":"';

/** The member that the upstream puts into an event, where OpenAI has its padding. */
export const sentMember = (): string => `${MARK}${monotonicUs()}"`;

export class SentTimes {
  private rest = '';

  /** The times in `bytes`, in order; one that is cut by the end of the bytes comes with the next ones. */
  push(bytes: Buffer): number[] {
    const text = this.rest + bytes.toString('latin1');
    const times: number[] = [];
    let from = 0;
    for (;;) {
      const at = text.indexOf(MARK, from);
      const digits = at + MARK.length;
      let end = digits;
      while (end < text.length && isDigit(text.charCodeAt(end))) end++;
      if (at === -1 || end === text.length) {
        this.rest = text.slice(at === -1 ? Math.max(from, text.length - MARK.length + 1) : at);
        return times;
      }
      times.push(Number(text.slice(digits, end)));
      from = end;
    }
  }
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
