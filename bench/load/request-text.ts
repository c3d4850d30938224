/** The requests of the load: one chat call each, every one with another text, so that no answer can be reused. */
import type { LoadOrder, LoadTarget } from './messages.js';

const BODY_BYTES: Readonly<Record<LoadOrder['kind'], number>> = {
  json: 300,
  sse: 300,
  'slow-sse': 300,
  'big-body': 100_000,
};
const NUMBER_DIGITS = 12;
/** Whose streams are slow. */
export const SLOW_USER = 'slow-reader';

/** One connection's request, as bytes on the wire; `next` makes it another one in place. */
export class RequestText {
  readonly bytes: Buffer;
  private readonly numberAt: number;
  private number: number;

  /** `first` … `first + step`, `first + 2 * step`, …: connections that differ in `first` never send the same body. */
  constructor(
    target: LoadTarget,
    kind: LoadOrder['kind'],
    first: number,
    private readonly step: number,
  ) {
    const body = bodyText(kind);
    const head = [
      `POST ${target.path} HTTP/1.1`,
      `host: 127.0.0.1:${target.port}`,
      'user-agent: OpenAI/JS 6.30.1',
      'accept: application/json',
      'content-type: application/json',
      'authorization: Bearer sk-bench-0123456789abcdef0123456789abcdef',
      ...target.headers,
      `content-length: ${body.length}`,
    ];
    const text = `${head.join('\r\n')}\r\n\r\n${body}`;
    this.bytes = Buffer.from(text, 'latin1');
    this.numberAt = text.length - body.length + body.indexOf('#') + 1;
    this.number = first;
  }

  /** Only once the answer to the one before has arrived: its bytes have left then. */
  next(): Buffer {
    this.bytes.write(String(this.number).padStart(NUMBER_DIGITS, '0'), this.numberAt, 'latin1');
    this.number += this.step;
    return this.bytes;
  }
}

function bodyText(kind: LoadOrder['kind']): string {
  const body = (padding: string): string =>
    JSON.stringify({
      model: 'gpt-4o-mini',
      ...(kind.endsWith('sse') ? { stream: true } : {}),
      ...(kind === 'slow-sse' ? { user: SLOW_USER } : {}),
      messages: [
        { role: 'system', content: 'You are a helpful assistant. Answer briefly.' },
        { role: 'user', content: `Request #${'0'.repeat(NUMBER_DIGITS)}: ${padding}` },
      ],
      temperature: 0.7,
    });
  return body('what is new? '.repeat(BODY_BYTES[kind]).slice(0, BODY_BYTES[kind] - body('').length));
}
