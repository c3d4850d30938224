/**
 * A cached answer as bytes, for Redis: a version, the length of a head, the head, the body as it is. The head is text: numbers, each behind
 * the other, then texts, each behind its length. (As JSON it took three times as long to write, for every answer that is kept.) What cannot
 * be read (another version of us wrote it, or nobody did) is no answer.
 */
import { noUnits, otherUnitsSchema, USAGE_UNITS, type UsageUnits } from '../../schema/contracts/usage-units.js';
import type { UsageReading } from '../dialects/dialect.js';
import type { CachedAnswer } from './cached-answer.js';

const VERSION = 3;
const FRAME_BYTES = 5;

/** The answer in one piece, small ones in a pool's memory: most live only until Redis has them. */
export function writtenAnswer(answer: CachedAnswer): Buffer {
  const { body } = answer;
  const head = writtenHead(answer);
  const headBytes = Buffer.byteLength(head);
  const written = Buffer.allocUnsafe(FRAME_BYTES + headBytes + body.length);
  written[0] = VERSION;
  written.writeUInt32BE(headBytes, 1);
  written.write(head, FRAME_BYTES, headBytes === head.length ? 'latin1' : 'utf8'); // of ASCII both write the same
  written.set(body, FRAME_BYTES + headBytes);
  return written;
}

function writtenHead({ headers, body, vary, reading, ...answer }: CachedAnswer): string {
  return (
    `${body.length},${answer.policyRevision},${writtenUnits(reading.units)}` +
    writtenList(headers) +
    writtenList(vary) +
    writtenText(answer.contentEncoding) +
    writtenText(answer.varyHash) +
    writtenText(answer.keyDigest) +
    writtenText(answer.requestedModel) +
    writtenText(reading.usageSource) +
    writtenText(reading.usageNote) +
    writtenText(reading.model) +
    writtenText(reading.serviceTier) +
    writtenText(reading.units.other === null ? null : JSON.stringify(reading.units.other))
  );
}

/** In the order of USAGE_UNITS. */
const writtenUnits = (units: UsageUnits): string =>
  `${units.inputTokens},${units.cachedInputTokens},${units.cacheWriteTokens},${units.cacheWrite1hTokens},` +
  `${units.outputTokens},${units.reasoningTokens},${units.audioInputTokens},${units.audioOutputTokens},` +
  `${units.imageInputTokens},${units.imageOutputTokens},${units.requests},${units.webSearches},`;

/** Null and an empty list are not the same. */
function writtenList(texts: readonly string[] | null): string {
  if (texts === null) return '-';
  let written = `${texts.length}:`;
  for (const text of texts) written += writtenText(text);
  return written;
}

const writtenText = (text: string | null): string => (text === null ? '-' : `${text.length}:${text}`);

/** Null: this is no answer, or not a whole one. */
export function readAnswer(written: Buffer): CachedAnswer | null {
  if (written.length < FRAME_BYTES || written.readUInt8(0) !== VERSION) return null;
  const bodyAt = FRAME_BYTES + written.readUInt32BE(1);
  if (bodyAt > written.length) return null;
  try {
    return answerOf(new Head(written.toString('utf8', FRAME_BYTES, bodyAt)), written.subarray(bodyAt));
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

function answerOf(head: Head, body: Buffer): CachedAnswer {
  if (head.count(',') !== body.length) throw new Unreadable();
  const policyRevision = head.count(',');
  const units = noUnits();
  for (const unit of USAGE_UNITS) units[unit] = head.count(',');
  const headers = head.list();
  if (headers === null || headers.length % 2 !== 0) throw new Unreadable();
  const [vary, contentEncoding, varyHash, keyDigest] = [head.list(), head.text(), head.text(), head.text()];
  const requestedModel = head.text();
  const reading = readingOf(head, units);
  head.end();
  return { headers, body, contentEncoding, vary, varyHash, policyRevision, keyDigest, requestedModel, reading };
}

function readingOf(head: Head, units: UsageUnits): UsageReading {
  const usageSource = head.text();
  if (usageSource !== 'PROVIDER' && usageSource !== 'ESTIMATED' && usageSource !== 'NONE') throw new Unreadable();
  const [usageNote, model, serviceTier, other] = [head.text(), head.text(), head.text(), head.text()];
  if (other !== null) units.other = otherUnitsOf(other);
  return { units, usageSource, usageNote, model, serviceTier };
}

function otherUnitsOf(text: string): UsageUnits['other'] {
  try {
    return otherUnitsSchema.parse(JSON.parse(text));
  } catch {
    throw new Unreadable();
  }
}

class Unreadable extends Error {}

const MISSING = 45; // -
const ZERO = 48;

/** Reads a head from its beginning to its end. Each method throws `Unreadable` where something else stands. */
class Head {
  private at = 0;

  constructor(private readonly written: string) {}

  /** Digits, and what stands behind them. */
  count(behind: ',' | ':'): number {
    const from = this.at;
    let count = 0;
    for (;;) {
      const digit = this.written.charCodeAt(this.at) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break; // nor at the end
      count = count * 10 + digit;
      this.at += 1;
    }
    if (this.at === from || !Number.isSafeInteger(count) || this.written[this.at] !== behind) throw new Unreadable();
    this.at += 1;
    return count;
  }

  text(): string | null {
    if (this.isMissing()) return null;
    const end = this.count(':') + this.at;
    if (end > this.written.length) throw new Unreadable();
    const text = this.written.slice(this.at, end);
    this.at = end;
    return text;
  }

  list(): string[] | null {
    if (this.isMissing()) return null;
    const length = this.count(':');
    if (length > this.written.length) throw new Unreadable();
    return Array.from({ length }, () => this.text() ?? '');
  }

  end(): void {
    if (this.at !== this.written.length) throw new Unreadable();
  }

  private isMissing(): boolean {
    if (this.written.charCodeAt(this.at) !== MISSING) return false;
    this.at += 1;
    return true;
  }
}
