/** What a provider may do wrong, by the names of docs/upstream-faults.md (reliability of upstreams, one play each). */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { chatCompletion, chatEvents } from './fake-upstream.js';
import type { Peer, Play } from './faulty-upstream.js';

/** A play on the connection of one of the providers, and the body bytes that it means to send. */
export interface Fault extends Play {
  /** which of the rig's providers misbehaves */
  readonly at?: 'plain' | 'secure' | 'black-hole';
  /** the upstream takes no connections meanwhile */
  readonly isAway?: boolean;
  /** no head of an answer comes, for which the request waits half a second */
  readonly isUnanswered?: boolean;
  /**
   * it goes on behind its answer. What comes while a connection is idle ends it; what comes when the next call is on
   * its way is that call's answer to whoever speaks HTTP/1.1 (RFC 9112 §6.3), so the next call waits until it has
   * ended.
   */
  readonly isLate?: boolean;
}

const KEY = 'sk-a-key-that-a-provider-repeats';

const document = (overrides: Record<string, unknown> = {}): string => JSON.stringify(chatCompletion(overrides));
const events = (): string => chatEvents(['Hello', ' there'], true).join('');

/** The body of a good answer, as the client asked for it. */
export const goodBody = ({ isStream }: Pick<Peer, 'isStream'>): string => (isStream ? events() : document());

const typeOf = ({ isStream }: Pick<Peer, 'isStream'>): string => (isStream ? 'text/event-stream' : 'application/json');

/** A head; `headers` are lines without their ends. */
export function headOf(peer: Pick<Peer, 'isStream'>, ...headers: string[]): string {
  return ['HTTP/1.1 200 OK', `content-type: ${typeOf(peer)}`, ...headers, '', ''].join('\r\n');
}

export const chunkOf = (text: string | Buffer): string => {
  const latin1 = Buffer.from(text).toString('latin1');
  return `${latin1.length.toString(16)}\r\n${latin1}\r\n`;
};
const LAST_CHUNK = '0\r\n\r\n';
const CHUNKED = 'transfer-encoding: chunked';

/** Text of one byte a character. */
const say = ({ socket }: Peer, text: string): void => void socket.write(text, 'latin1');

/** A whole answer with a length, as text of one byte a character. */
function wholeAnswer(peer: Peer, body: string | Buffer, ...headers: string[]): string {
  const bytes = Buffer.from(body);
  return headOf(peer, `content-length: ${bytes.length}`, ...headers) + bytes.toString('latin1');
}

/** The whole answer that the client ought to see. */
export function answer(peer: Peer, body: string | Buffer, ...headers: string[]): void {
  peer.meant = Buffer.from(body);
  say(peer, wholeAnswer(peer, body, ...headers));
}

export const wellDone: Play = { request: (peer) => answer(peer, goodBody(peer)) };

const answered = (body: (peer: Peer) => string | Buffer, ...headers: string[]): Play => ({
  request: (peer) => answer(peer, body(peer), ...headers),
});

const refusal = (status: string, body: string, ...headers: string[]): Play => ({
  request: (peer) => {
    peer.meant = Buffer.from(body);
    say(peer, [`HTTP/1.1 ${status}`, `content-length: ${body.length}`, ...headers, '', body].join('\r\n'));
  },
});

/** A good answer with another usage object, or none. */
const withUsage = (usage: unknown): Play =>
  answered(({ isStream }) => {
    if (!isStream) return document({ usage });
    const chunk = JSON.stringify({ choices: [], ...(usage === undefined ? {} : { usage }) });
    return chatEvents(['Hello', ' there'], false).toSpliced(-1, 0, `data: ${chunk}\n\n`).join('');
  });

const usageOf = (completionTokens: unknown): unknown => ({ prompt_tokens: 1000, completion_tokens: completionTokens });

/** JSON whose number Node's own writer would never write. */
const hugeUsage: Play = answered((peer) =>
  goodBody(peer).replaceAll('"completion_tokens":100', '"completion_tokens":1e308'),
);

function drip(peer: Peer): void {
  const bytes = headOf(peer, 'connection: close') + goodBody(peer);
  let at = 0;
  const next = (): void => {
    if (at === bytes.length) peer.socket.end();
    else peer.socket.write(bytes.charAt(at++), 'latin1', () => void setImmediate(next));
  };
  next();
}

const HALF_CHUNK = (peer: Peer): string => `${headOf(peer, CHUNKED)}400\r\n${goodBody(peer).slice(0, 100)}`;
const LONG_LINE = 10 * 1024 * 1024;
const BOMB_BYTES = 40 * 1024 * 1024;
/** made before any test's time runs */
const BOMB = gzipSync(Buffer.alloc(BOMB_BYTES, 32));
const bomb = (): Buffer => BOMB;
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00]);

/** Text whose last character is cut in two, and which holds bytes that no UTF-8 has. */
const BAD_UTF8 = Buffer.from([0x78, 0xff, 0xfe, 0xe2, 0x82]).toString('latin1');
const withBadText = (peer: Peer): string => goodBody(peer).replace('Hello', BAD_UTF8);

const CONNECTING: Readonly<Record<string, Fault>> = {
  'refuses the connection': { isAway: true },
  'drops the request to connect': { at: 'black-hole' },
  'resets the connection at once': { connect: (socket) => void socket.resetAndDestroy() },
  'shows a certificate that nobody signed': { at: 'secure', certificate: 'self-signed' },
  'shows a certificate for another host': { at: 'secure', certificate: 'other-host' },
  'shows an expired certificate': { at: 'secure', certificate: 'expired' },
  'accepts and never begins TLS': { at: 'secure', certificate: null },
};

const FALLING_SILENT: Readonly<Record<string, Fault>> = {
  'accepts and stays silent': { isUnanswered: true, request: () => undefined },
  'sends half a head and falls silent': {
    isUnanswered: true,
    request: (peer) => say(peer, 'HTTP/1.1 200 OK\r\ncontent-ty'),
  },
  'sends a head and falls silent': { request: (peer) => say(peer, headOf(peer, CHUNKED)) },
  'falls silent in the middle': { request: (peer) => say(peer, HALF_CHUNK(peer)) },
  'drips a byte at a time': { request: drip },
  'is slow at first and fast then': {
    request: (peer) => {
      say(peer, headOf(peer, CHUNKED));
      setTimeout(() => say(peer, chunkOf(goodBody(peer)) + LAST_CHUNK), 50);
    },
  },
};

const BREAKING_HTTP: Readonly<Record<string, Fault>> = {
  'closes in the middle of a chunk': { request: (peer) => void peer.socket.end(HALF_CHUNK(peer), 'latin1') },
  'resets in the middle of a chunk': {
    request: ({ socket, ...peer }) => {
      socket.write(HALF_CHUNK({ socket, ...peer }), 'latin1', () => void setImmediate(() => socket.resetAndDestroy()));
    },
  },
  'announces a length that is too short': {
    request: (peer) => {
      peer.meant = Buffer.from(goodBody(peer).slice(0, 40));
      say(peer, headOf(peer, 'content-length: 40') + goodBody(peer));
    },
  },
  'announces a length that is too long': {
    request: (peer) => void peer.socket.end(headOf(peer, 'content-length: 9999') + goodBody(peer).slice(0, 100)),
  },
  'sends a chunk size that is none': {
    request: (peer) => say(peer, `${headOf(peer, CHUNKED)}${chunkOf(goodBody(peer).slice(0, 100))}zz\r\nhello\r\n`),
  },
  'sends two answers to one request': {
    request: (peer) => {
      const one = wholeAnswer(peer, goodBody(peer));
      say(peer, one + one.replaceAll('Hello', 'Wrong'));
    },
  },
  'answers again on the idle connection': {
    isLate: true,
    request: (peer) => {
      answer(peer, goodBody(peer));
      const unasked = wholeAnswer(peer, goodBody(peer).replaceAll('Hello', 'Wrong'));
      setTimeout(() => say(peer, unasked), 5);
    },
  },
  'says 100 Continue unasked': {
    request: (peer) => {
      say(peer, 'HTTP/1.1 100 Continue\r\n\r\n');
      answer(peer, goodBody(peer));
    },
  },
  'sends 103 Early Hints first': {
    request: (peer) => {
      say(peer, 'HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n');
      answer(peer, goodBody(peer));
    },
  },
  'switches protocols unasked': refusal('101 Switching Protocols', '', 'connection: upgrade', 'upgrade: other'),
  'sends a body with 204': {
    request: (peer) => {
      peer.meant = Buffer.alloc(0);
      say(peer, 'HTTP/1.1 204 No Content\r\ncontent-type: text/plain\r\n\r\nbody');
    },
  },
  'sends a gigantic header': { request: (peer) => say(peer, headOf(peer, `x-large: ${'x'.repeat(64 * 1024)}`)) },
  'sends trailers': {
    request: (peer) =>
      say(peer, `${headOf(peer, CHUNKED, 'trailer: x-sum')}${chunkOf(goodBody(peer))}0\r\nx-sum: 1\r\n\r\n`),
  },
  'speaks HTTP/1.0': {
    request: (peer) => void peer.socket.end(headOf(peer).replace('HTTP/1.1', 'HTTP/1.0') + goodBody(peer), 'latin1'),
  },
  'closes after its answer': {
    request: (peer) => {
      answer(peer, goodBody(peer), 'connection: close');
      peer.socket.end();
    },
  },
  'closes without a word after its answer': {
    request: (peer) => {
      answer(peer, goodBody(peer));
      peer.socket.end();
    },
  },
  'closes a kept connection at the next request': {
    request: (peer) => (peer.isReused ? void peer.socket.destroy() : answer(peer, goodBody(peer))),
  },
};

const HOSTILE_BODIES: Readonly<Record<string, Fault>> = {
  'sends a single line of 10 MB': answered((peer) => {
    const text = 'x'.repeat(LONG_LINE);
    return peer.isStream ? `data: ${text}\n\n${events()}` : document({ padding: text });
  }),
  'ends its lines with CR': answered((peer) => goodBody(peer).replaceAll('\n', '\r')),
  'ends its lines with CRLF': answered((peer) => goodBody(peer).replaceAll('\n', '\r\n')),
  'begins with a byte order mark': answered((peer) => `\ufeff${goodBody(peer)}`),
  'leaves out the last blank line': answered((peer) => goodBody(peer).trimEnd()),
  'splits broken UTF-8 across chunks': {
    request: (peer) => {
      const text = withBadText(peer);
      peer.meant = Buffer.from(text, 'latin1');
      const at = text.indexOf(BAD_UTF8) + BAD_UTF8.length - 1;
      const chunks = [text.slice(0, at), text.slice(at)].map((part) => chunkOf(Buffer.from(part, 'latin1')));
      say(peer, headOf(peer, CHUNKED) + chunks.join('') + LAST_CHUNK);
    },
  },
  'reports no usage': withUsage(undefined),
  'reports a negative usage': withUsage(usageOf(-5)),
  'reports a usage of 1e308': hugeUsage,
  'reports its usage in words': withUsage(usageOf('one hundred')),
  'sends a gzip bomb': answered(bomb, 'content-encoding: gzip'),
  'compresses with br': answered((peer) => brotliCompressSync(goodBody(peer)), 'content-encoding: br'),
  'compresses with zstd': answered(() => ZSTD_MAGIC, 'content-encoding: zstd'),
  'names an unknown encoding': answered(goodBody, 'content-encoding: rot13'),
  'compresses twice': answered((peer) => gzipSync(gzipSync(goodBody(peer))), 'content-encoding: gzip, gzip'),
};

const REFUSALS: Readonly<Record<string, Fault>> = {
  'redirects to the metadata address': refusal('302 Found', '', 'location: http://169.254.169.254/latest/meta-data'),
  'refuses the key and repeats it': refusal('401 Unauthorized', `{"error":{"message":"Incorrect API key: ${KEY}"}}`),
  'asks to wait for thirty years': refusal('429 Too Many Requests', '{}', 'retry-after: 1000000000'),
  'asks to wait until yesteryear': refusal('429 Too Many Requests', '{}', 'retry-after: Fri, 31 Dec 1999 23:59:59 GMT'),
  'asks to wait for NaN': refusal('429 Too Many Requests', '{}', 'retry-after: NaN'),
  'is overloaded (529)': refusal('529 Overloaded', '{"error":{"type":"overloaded_error"}}'),
  'fails by itself (503)': refusal('503 Service Unavailable', 'try later'),
};

export const UPSTREAM_FAULTS: Readonly<Record<string, Fault>> = {
  ...CONNECTING,
  ...FALLING_SILENT,
  ...BREAKING_HTTP,
  ...HOSTILE_BODIES,
  ...REFUSALS,
};
