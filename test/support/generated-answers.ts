/** Answers for property tests: valid ones in every framing, and what becomes of them when bytes are changed. */
import fc from 'fast-check';

/** The request that an answer is to; HEAD has no body. */
export interface GeneratedAnswer {
  readonly isHeadRequest: boolean;
  /** a character a byte */
  readonly text: string;
  readonly status: number;
  /** names and values in turn */
  readonly headers: readonly string[];
  /** what the caller gets */
  readonly body: string;
  /** it ends with its connection */
  readonly endsByClosing: boolean;
}

const byte = fc.nat(255).map((code) => String.fromCharCode(code));
const bytes = fc.string({ unit: byte, maxLength: 40 });
const letters = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('a', 'B', 'z', '0', '9', '-', '_'), minLength: 1, maxLength });
const value = fc
  .string({ unit: fc.constantFrom('a', 'b', ':', ';', ',', '=', '"', ' ', '\t', '/', '\xe9'), maxLength: 12 })
  .map((text) => text.trim());
const header = fc.tuple(
  letters(8).map((name) => `x-${name}`),
  value,
);

const statuses = fc.constantFrom(200, 201, 202, 204, 206, 302, 304, 400, 404, 413, 429, 500, 503, 529);
const interim = fc.constantFrom(
  '',
  '',
  'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n',
  'HTTP/1.1 102 Processing\r\n\r\n',
);

const chunkOf = (text: string, isUpper: boolean, extension: string): string => {
  const size = text.length.toString(16);
  return `${isUpper ? size.toUpperCase() : size}${extension}\r\n${text}\r\n`;
};

const extension = fc.constantFrom('', '', ';a', ';a=b', ';a;b;c', ';a=b;c=d');
const chunks = fc.array(
  fc.tuple(
    bytes.filter((text) => text !== ''),
    fc.boolean(),
    extension,
  ),
  { maxLength: 4 },
);
const trailers = fc.array(header, { maxLength: 2 });

const lines = (headers: readonly (readonly [string, string])[]): string =>
  headers.map(([name, text]) => `${name}: ${text}\r\n`).join('');

type Framing = 'length' | 'chunked' | 'close';

/** Valid answers, whole. */
export const validAnswers: fc.Arbitrary<GeneratedAnswer> = fc
  .record({
    isHeadRequest: fc.constantFrom(false, false, false, true),
    status: statuses,
    reason: fc.constantFrom('', ' ', ' OK', ' Tr\xe8s bien', ' a b'),
    framing: fc.constantFrom<Framing>('length', 'chunked', 'close'),
    headers: fc.array(header, { maxLength: 4 }),
    body: bytes,
    chunks,
    last: extension,
    trailers,
    interim,
    keepAlive: fc.constantFrom([], [['connection', 'close'] as const], [['Connection', 'keep-alive'] as const]),
  })
  .map((made) => {
    const hasNoBody = made.isHeadRequest || made.status === 204 || made.status === 304;
    const framing = made.status === 204 ? 'close' : made.framing;
    const isChunked = framing === 'chunked';
    const text = isChunked ? made.chunks.map(([part]) => part).join('') : made.body;
    const framed: readonly (readonly [string, string])[] =
      framing === 'length'
        ? [['Content-Length', String(text.length)]]
        : isChunked
          ? [['Transfer-Encoding', 'chunked']]
          : [];
    const headers = [...made.headers, ...framed, ...made.keepAlive];
    const encoded = isChunked
      ? `${made.chunks.map((chunk) => chunkOf(...chunk)).join('')}0${made.last}\r\n${lines(made.trailers)}\r\n`
      : text;
    return {
      isHeadRequest: made.isHeadRequest,
      status: made.status,
      headers: headers.flat(),
      body: hasNoBody ? '' : text,
      endsByClosing: framing === 'close' && !hasNoBody,
      text: `${made.interim}HTTP/1.1 ${made.status}${made.reason}\r\n${lines(headers)}\r\n${hasNoBody ? '' : encoded}`,
    };
  });

interface Change {
  readonly at: number;
  readonly removed: number;
  readonly inserted: string;
}

/** What parsers are known to differ on. */
const MEAN = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\0',
  ':',
  ';',
  ',',
  '"',
  '=',
  '0',
  '5',
  'f',
  '+',
  '-',
  '0x',
  '\x7f',
  '\x0b',
].concat(
  [
    '\r\n ',
    'content-length: 1\r\n',
    'transfer-encoding: chunked\r\n',
    'Content-Length: 0\r\n',
    ', chunked',
    'HTTP/1.1 ',
  ],
  [
    'connection: close\r\n',
    'HTTP/1.0',
    '204',
    '304',
    '100',
    '\r\n\r\n',
    '0\r\n\r\n',
    'transfer-encoding: identity\r\n',
  ],
);
const meanBytes = fc.oneof(
  byte,
  fc.nat(MEAN.length - 1).map((i) => MEAN[i] ?? ''),
);

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(400),
  removed: fc.nat(2),
  inserted: fc.oneof(fc.constant(''), meanBytes),
});

/** Valid answers of which a few bytes were changed, taken out or put in; most of them are answers no longer. */
export const mutatedAnswers: fc.Arbitrary<Pick<GeneratedAnswer, 'isHeadRequest' | 'text'>> = fc
  .tuple(validAnswers, fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([{ isHeadRequest, text }, changes]) => {
    let changed = text;
    for (const { at, removed, inserted } of changes) {
      const place = at % (changed.length + 1);
      changed = changed.slice(0, place) + inserted + changed.slice(place + removed);
    }
    return { isHeadRequest, text: changed };
  });
