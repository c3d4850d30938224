/**
 * The heads of one connection, of which a client says nearly all alike. One that is, but for the length of its body,
 * the one before is not read again: it costs two comparisons of bytes, and stages have what they made of it.
 */
import { HeadReading } from '../head-reading.js';
import { lengthOf, readPlainHead, type PlainHead } from './plain-head.js';

/** A longer head is read each time: a connection remembers one, and there may be many connections. */
const REMEMBERED_BYTES_MAX = 4 * 1024;
/** After so many in a row that were not said again, none is remembered: this client says something else in each. */
const UNREPEATED_MAX = 8;
const LENGTH = 'content-length';
/** More say a body that is not held. */
const LENGTH_DIGITS_MAX = 7;

interface Remembered {
  readonly head: PlainHead;
  readonly reading: HeadReading;
  readonly bytes: Buffer;
  /** where the digits of its `content-length` begin and end, both the head's end where it has none */
  readonly digitsAt: number;
  readonly digitsEnd: number;
  /** where that value stands among its headers; -1: nowhere */
  readonly valueAt: number;
}

export class RepeatedHeads {
  private remembered: Remembered | null = null;
  /** many connections carry one request and no other: nothing is remembered of a first */
  private hasRead = false;
  /** heads in a row that were remembered for nothing */
  private unrepeated = 0;

  /** As `readPlainHead`. */
  read(bytes: Buffer): PlainHead | 'partial' | 'other' {
    const { remembered } = this;
    if (remembered !== null) {
      const again = saidAgain(remembered, bytes);
      if (again !== null) {
        this.unrepeated = 0;
        return again;
      }
    }
    const head = readPlainHead(bytes);
    if (typeof head === 'string') return head;
    if (this.hasRead) return this.remember(head, bytes);
    this.hasRead = true;
    return head;
  }

  private remember(head: PlainHead, bytes: Buffer): PlainHead {
    this.remembered = null;
    if (head.headBytes > REMEMBERED_BYTES_MAX || this.unrepeated >= UNREPEATED_MAX) return head;
    this.unrepeated += 1;
    const reading = new HeadReading();
    const own = Buffer.from(bytes.subarray(0, head.headBytes));
    const place = placeOfLength(head, own);
    if (place !== null) this.remembered = { head, reading, bytes: own, ...place };
    return withReading(head, reading);
  }
}

const withReading = (head: PlainHead, reading: HeadReading): PlainHead => {
  const { method, url, rawHeaders, headBytes, bodyBytes } = head;
  return { method, url, rawHeaders, headBytes, bodyBytes, reading };
};

type Place = Pick<Remembered, 'digitsAt' | 'digitsEnd' | 'valueAt'>;

/** Null: the digits are not told from the rest with certainty. */
function placeOfLength({ rawHeaders, headBytes }: PlainHead, bytes: Buffer): Place | null {
  const nameAt = rawHeaders.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === LENGTH);
  if (nameAt === -1) return { digitsAt: headBytes, digitsEnd: headBytes, valueAt: -1 };
  const digits = rawHeaders[nameAt + 1] ?? '';
  const line = `\r\n${rawHeaders[nameAt] ?? ''}: ${digits}\r\n`;
  const lineAt = bytes.indexOf(line, 0, 'latin1');
  if (lineAt === -1) return null;
  const digitsEnd = lineAt + line.length - 2;
  return { digitsAt: digitsEnd - digits.length, digitsEnd, valueAt: nameAt + 1 };
}

/** The same head with the length that it has here; null: it is another one, or has not arrived whole. */
function saidAgain(
  { head, reading, bytes: known, digitsAt, digitsEnd, valueAt }: Remembered,
  bytes: Buffer,
): PlainHead | null {
  if (!isSame(known, [0, digitsAt], bytes, 0)) return null;
  if (valueAt === -1) return withReading(head, reading);
  let end = digitsAt;
  while (end - digitsAt < LENGTH_DIGITS_MAX && isDigit(bytes[end])) end += 1;
  if (!isSame(known, [digitsEnd, known.length], bytes, end)) return null;
  const digits = bytes.toString('latin1', digitsAt, end);
  const bodyBytes = lengthOf(digits);
  if (bodyBytes === -1) return null;
  const { method, url } = head;
  const rawHeaders = bodyBytes === head.bodyBytes ? head.rawHeaders : head.rawHeaders.with(valueAt, digits);
  return { method, url, rawHeaders, headBytes: end + known.length - digitsEnd, bodyBytes, reading };
}

/** Whether `bytes` have from `at` on what `known` has from `start` to `end`. */
const isSame = (known: Buffer, [start, end]: readonly [number, number], bytes: Buffer, at: number): boolean =>
  bytes.length >= at + end - start && bytes.compare(known, start, end, at, at + end - start) === 0;

const isDigit = (code: number | undefined): boolean => code !== undefined && code >= 48 && code <= 57;
