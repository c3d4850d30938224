/** What our parser makes of one answer's bytes, as something that two ways of pushing them can be compared by. */
import type { AnswerHead } from '../../proxy/upstream/http1/answer-head.js';
import { AnswerParser, type AnswerEvents } from '../../proxy/upstream/http1/answer-parser.js';

export class ParsedAnswer implements AnswerEvents {
  readonly parser = new AnswerParser(this);
  /** `head 200`, `data`, `end`, in their order; chunks that follow each other are one */
  readonly events: string[] = [];
  answerHead: AnswerHead | null = null;
  isReusable: boolean | null = null;
  error: Error | null = null;
  private readonly chunks: Buffer[] = [];

  constructor(isHeadRequest = false) {
    this.parser.begin(isHeadRequest);
  }

  get status(): number | null {
    return this.answerHead?.statusCode ?? null;
  }

  get body(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  /** Everything that a caller could tell of it. */
  get outcome(): unknown {
    const { events, answerHead, body, isReusable, error } = this;
    return { events, answerHead, body, isReusable, error: error === null ? null : `${error.name}: ${error.message}` };
  }

  head(head: AnswerHead): void {
    this.answerHead = head;
    this.events.push(`head ${head.statusCode}`);
  }

  data(chunk: Buffer): void {
    this.chunks.push(chunk);
    if (this.events.at(-1) !== 'data') this.events.push('data');
  }

  end(isReusable: boolean): void {
    this.isReusable = isReusable;
    this.events.push('end');
  }

  /** As a connection does: nothing is pushed any more after an error, and what is pushed is written over afterwards. */
  push(bytes: Buffer | string): this {
    if (this.error !== null) return this;
    const shared = Buffer.from(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    this.try(() => this.parser.push(shared));
    shared.fill(0xff);
    return this;
  }

  close(): this {
    if (this.error === null) this.try(() => this.parser.close());
    return this;
  }

  private try(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.error = error instanceof Error ? error : new Error('thrown', { cause: error });
    }
  }
}

/** `text`, a character a byte, as one answer, and then the end of its connection if `isClosed`. */
export function parsed(text: string, { isHeadRequest = false, isClosed = false } = {}): ParsedAnswer {
  const answer = new ParsedAnswer(isHeadRequest).push(text);
  return isClosed ? answer.close() : answer;
}
