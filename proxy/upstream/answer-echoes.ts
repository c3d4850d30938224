/**
 * Providers repeat credentials in their error answers (`Incorrect API key provided: sk-…`). A secret that we sent in
 * the client's place is masked before the client or the log sees it; the client's own is masked in the log alone. The
 * masks are as long as what they cover, so that no length that was announced becomes wrong.
 */
import { GatewayError } from '../gateway-error.js';
import { decoded } from './content-codings.js';
import type { AnswerSink } from './upstream-exchange.js';

/** An encoded error answer above this cannot be looked through, and is not passed on. */
const ENCODED_BYTES_MAX = 64 * 1024;
const DECODED_BYTES_MAX = 1024 * 1024;
const MASK = '*'.charCodeAt(0);

/**
 * Takes an answer's bytes, masks `secrets` in them and hands them to `sink`, holding back no more than the longest
 * secret could still need. An encoded answer is held whole and passed as it is; one that repeats a secret, or cannot be
 * looked through, ends as an error of the provider's, and `stop` is called: it may go on for ever.
 */
export function maskingSink(
  sink: AnswerSink,
  secrets: readonly string[],
  encoding: string | null,
  stop: () => void,
): AnswerSink {
  const needles = secrets.map((secret) => Buffer.from(secret));
  return encoding === null ? new PlainMask(sink, needles) : new EncodedCheck(sink, needles, encoding, stop);
}

/** A copy with the secrets masked; the same bytes when there is none in them. Null: encoded, and not to be kept. */
export function maskedBytes(bytes: Uint8Array, secrets: readonly string[], encoding: string | null): Uint8Array | null {
  if (secrets.length === 0) return bytes;
  const needles = secrets.map((secret) => Buffer.from(secret));
  const held = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (encoding !== null) return isFreeOf(held, needles, encoding) ? bytes : null;
  if (!needles.some((needle) => held.includes(needle))) return bytes;
  const copy = Buffer.from(held);
  mask(copy, needles);
  return copy;
}

class PlainMask implements AnswerSink {
  /** the end of what came, which could be the beginning of a secret */
  private rest: Buffer = Buffer.alloc(0);
  private readonly longest: number;

  constructor(
    private readonly sink: AnswerSink,
    private readonly needles: readonly Buffer[],
  ) {
    this.longest = Math.max(...needles.map((needle) => needle.length));
  }

  data(chunk: Buffer): boolean {
    const held = Buffer.concat([this.rest, chunk]);
    mask(held, this.needles);
    const passed = Math.max(0, held.length - this.longest + 1);
    this.rest = held.subarray(passed);
    return passed === 0 ? true : this.sink.data(held.subarray(0, passed));
  }

  end(): void {
    if (this.rest.length > 0) this.sink.data(this.rest);
    this.sink.end();
  }

  error(error: unknown): void {
    if (this.rest.length > 0) this.sink.data(this.rest);
    this.sink.error(error);
  }
}

class EncodedCheck implements AnswerSink {
  private readonly parts: Buffer[] = [];
  private bytes = 0;
  private isRefused = false;

  constructor(
    private readonly sink: AnswerSink,
    private readonly needles: readonly Buffer[],
    private readonly encoding: string,
    private readonly stop: () => void,
  ) {}

  data(chunk: Buffer): boolean {
    this.bytes += chunk.length;
    if (this.bytes <= ENCODED_BYTES_MAX) this.parts.push(chunk);
    else if (!this.isRefused) this.refuse();
    return true;
  }

  end(): void {
    if (this.isRefused) return;
    const whole = Buffer.concat(this.parts);
    if (!isFreeOf(whole, this.needles, this.encoding)) return this.refuse();
    if (whole.length > 0) this.sink.data(whole);
    return this.sink.end();
  }

  error(error: unknown): void {
    if (!this.isRefused) this.sink.error(error);
  }

  private refuse(): void {
    this.isRefused = true;
    this.stop();
    this.sink.error(
      new GatewayError(
        'upstreamFailed',
        "the provider's error answer repeats a credential, or cannot be looked through",
      ),
    );
  }
}

function mask(bytes: Buffer, needles: readonly Buffer[]): void {
  for (const needle of needles) {
    for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + needle.length)) {
      bytes.fill(MASK, at, at + needle.length);
    }
  }
}

/** Whether an encoded answer could be decoded, within bounds, and holds none of the secrets. */
function isFreeOf(encoded: Buffer, needles: readonly Buffer[], encoding: string): boolean {
  try {
    const plain = decoded(encoded, encoding, DECODED_BYTES_MAX);
    return plain !== null && !needles.some((needle) => plain.includes(needle));
  } catch {
    return false; // damaged, or larger than its bound
  }
}
