/** Answers as bytes: where they end (RFC 9112 §6.3, §7.1), what may stand around them, and what ends a connection. */
import { describe, expect, test } from '@jest/globals';
import { errors } from 'undici';
import { HEAD_BYTES_MAX } from '../../../../../proxy/upstream/http1/answer-parser.js';
import { parsed, ParsedAnswer } from '../../../../support/parsed-answer.js';

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;
const BROKEN = errors.HTTPParserError;
const whole = (body: string, isReusable = true): object => ({ status: 200, body, isReusable, error: null });

describe('a body with a length', () => {
  test('ends where the length says, and the connection may be used again', () => {
    expect(parsed(`${OK}content-length: 5\r\n\r\nhello`)).toMatchObject(whole('hello'));
  });

  test('of zero ends with its head', () => {
    expect(parsed(`${OK}content-length: 0\r\n\r\n`)).toMatchObject({ ...whole(''), events: ['head 200', 'end'] });
  });

  test('is given as it comes', () => {
    const answer = parsed(`${OK}content-length: 5\r\n\r\nhe`);
    expect(answer).toMatchObject({ body: 'he', isReusable: null });
    expect(answer.push('llo')).toMatchObject(whole('hello'));
  });

  test('of which a byte is missing when the connection ends has not come', () => {
    const answer = parsed(`${OK}content-length: 5\r\n\r\nhell`, { isClosed: true });
    expect(answer.error).toBeInstanceOf(errors.SocketError);
    expect(answer.events).not.toContain('end');
  });

  test('is not read on beyond it: the next byte belongs to nobody', () => {
    const answer = parsed(`${OK}content-length: 5\r\n\r\nhello!`);
    expect(answer).toMatchObject({ body: 'hello', events: ['head 200', 'data', 'end'] });
    expect(answer.error).toMatchObject({ message: 'bad response', code: 'UND_ERR_SOCKET' });
  });

  test('whose server closes is whole, and the last on its connection', () => {
    expect(parsed(`${OK}connection: close\r\ncontent-length: 2\r\n\r\nhi`)).toMatchObject(whole('hi', false));
  });
});

describe('an answer without a body', () => {
  test.each([
    ['to HEAD', '200 OK', 'content-length: 5', true],
    ['to HEAD, chunked', '200 OK', 'transfer-encoding: chunked', true],
    ['to HEAD, without a length', '200 OK', 'x: y', true],
    ['304 with the length that 200 would have', '304 Not Modified', 'content-length: 5', false],
    ['204', '204 No Content', 'x: y', false],
    ['204 with a length of zero', '204 No Content', 'content-length: 0', false],
  ])('%s ends with its head', (_what, status, header, isHeadRequest) => {
    const answer = parsed(`HTTP/1.1 ${status}\r\n${header}\r\n\r\n`, { isHeadRequest });
    expect(answer).toMatchObject({ body: '', isReusable: true, error: null });
    expect(answer.events).toEqual([`head ${status.slice(0, 3)}`, 'end']);
  });

  test.each(['content-length: 5', 'transfer-encoding: chunked'])(
    '204 with %s, which may not be, ends with its head and is the last on its connection',
    (header) => {
      expect(parsed(`HTTP/1.1 204 No Content\r\n${header}\r\n\r\n`)).toMatchObject({ isReusable: false, error: null });
    },
  );

  test.each([
    ['HEAD', `${OK}content-length: 5\r\n\r\nhello`, true],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\nbody', false],
    ['304', 'HTTP/1.1 304 Not Modified\r\n\r\nbody', false],
  ])('that has one all the same (%s) is whole, and its connection ends', (_what, text, isHeadRequest) => {
    const answer = parsed(text, { isHeadRequest });
    expect(answer).toMatchObject({ body: '', error: { message: 'bad response' } });
    expect(answer.events.at(-1)).toBe('end');
  });
});

describe('a body that ends with its connection', () => {
  test('has neither a length nor chunks', () => {
    const answer = parsed(`${OK}\r\nall of `).push('it\r\n\r\n');
    expect(answer).toMatchObject({ body: 'all of it\r\n\r\n', isReusable: null });
    expect(answer.close()).toMatchObject(whole('all of it\r\n\r\n', false));
  });

  test('may be empty', () => {
    expect(parsed(`${OK}\r\n`, { isClosed: true })).toMatchObject(whole('', false));
  });

  test('of HTTP/1.0 ends so too', () => {
    expect(parsed('HTTP/1.0 200 OK\r\n\r\nhi', { isClosed: true })).toMatchObject(whole('hi', false));
  });
});

test('HTTP/1.0 with a length ends by it, and its connection with it', () => {
  const answer = parsed('HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nhi');
  expect(answer).toMatchObject(whole('hi', false));
});

describe('interim answers', () => {
  test.each([100, 101, 102, 103, 199])('%i of HTTP/1.0, which has none, is refused', (status) => {
    const answer = parsed(`HTTP/1.0 ${status} Early\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi`);
    expect(answer).toMatchObject({ events: [], error: { message: 'it is an interim answer of HTTP/1.0' } });
  });

  test.each([102, 103, 104, 199])('%i is passed over', (status) => {
    const answer = parsed(`HTTP/1.1 ${status} Wait\r\nlink: </x>\r\n\r\n${OK}content-length: 2\r\n\r\nhi`);
    expect(answer).toMatchObject({ ...whole('hi'), events: ['head 200', 'data', 'end'] });
  });

  test('many are passed over, and what they say of the connection too', () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nconnection: close\r\ncontent-length: 9\r\n\r\n'.repeat(100);
    expect(parsed(`${interim}${OK}content-length: 2\r\n\r\nhi`)).toMatchObject(whole('hi'));
  });

  test.each([100, 101])('%i was not asked for and is refused', (status) => {
    const answer = parsed(`HTTP/1.1 ${status} Go\r\n\r\n`);
    expect(answer).toMatchObject({ events: [], error: { message: 'bad response' } });
  });

  test('alone are no answer', () => {
    const answer = parsed('HTTP/1.1 103 Early Hints\r\n\r\n', { isClosed: true });
    expect(answer).toMatchObject({ events: [], error: { message: 'other side closed' } });
  });
});

describe('chunks', () => {
  test.each([
    ['of one digit', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['in either case', 'a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n', '01234567890123456789a'],
    ['with leading zeros', '00005\r\nhello\r\n000\r\n\r\n', 'hello'],
    ['with line ends in them', '4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n'],
    ['with an extension', '5;a=b\r\nhello\r\n0;c\r\n\r\n', 'hello'],
    ['with many extensions', '5;a;b=c;d\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['none but the last', '0\r\n\r\n', ''],
  ])('%s are joined', (_what, chunks, body) => {
    expect(parsed(CHUNKED + chunks)).toMatchObject(whole(body));
  });

  test.each([
    ['no size', '\r\nhello\r\n'],
    ['an extension and no size', ';a=b\r\n'],
    ['a sign', '+5\r\nhello\r\n'],
    ['a minus', '-5\r\nhello\r\n'],
    ['0x', '0x5\r\nhello\r\n'],
    ['a letter that is no digit', '5g\r\nhello\r\n'],
    ['a space before it', ' 5\r\nhello\r\n'],
    ['a space behind it', '5 \r\nhello\r\n'],
    ['a tab behind it', '5\t\r\nhello\r\n'],
    ['an underscore', '1_0\r\n'],
    ['a byte above ASCII', '\xb2\r\nhi\r\n'],
    ['NUL', '5\0\r\nhello\r\n'],
    ['a bare LF behind it', '5\nhello\r\n'],
    ['a bare CR behind it', '5\rhello\r\n'],
    ['a CR too many behind it', '5\r\r\nhello\r\n'],
    ['14 digits', '00000000000005\r\nhello\r\n'],
    ['more than 64 bits', '10000000000000005\r\nhello\r\n'],
    ['all bits', 'ffffffffffffffff\r\nhello\r\n'],
  ])('with %s for a size are refused', (_what, chunks) => {
    const answer = parsed(CHUNKED + chunks);
    expect(answer).toMatchObject({ events: ['head 200'], body: '' });
    expect(answer.error).toBeInstanceOf(BROKEN);
  });

  test('of the greatest size are still awaited', () => {
    expect(parsed(`${CHUNKED}fffffffffffff\r\nhello`)).toMatchObject({ body: 'hello', error: null, isReusable: null });
  });

  test.each([
    ['LF', '5;a\nb\r\nhello\r\n'],
    ['NUL', '5;a\0\r\nhello\r\n'],
    ['DEL', '5;a\x7f\r\nhello\r\n'],
    ['a bare CR', '5;a\rb\r\nhello\r\n'],
    ['a space', '5; a\r\nhello\r\n'],
    ['no name', '5;\r\nhello\r\n'],
    ['no name and a value', '5;=b\r\nhello\r\n'],
    ['no value', '5;a=\r\nhello\r\n'],
    ['two values', '5;a=b=c\r\nhello\r\n'],
    ['a quoted value', '5;a="b"\r\nhello\r\n'],
    ['a quotation mark without its end', '5;a="b\r\nhello\r\n'],
  ])('with %s in an extension are refused', (_what, chunks) => {
    expect(parsed(CHUNKED + chunks).error).toBeInstanceOf(BROKEN);
  });

  test('may have extensions up to a bound', () => {
    const extended = (bytes: number): ParsedAnswer => parsed(`${CHUNKED}5;${'x'.repeat(bytes)}\r\nhello\r\n0\r\n\r\n`);
    expect(extended(4_095)).toMatchObject(whole('hello'));
    expect(extended(4_096).error).toBeInstanceOf(errors.HeadersOverflowError);
  });

  test.each([
    ['without a line end', '5\r\nhello5\r\nworld\r\n'],
    ['longer than its size', '5\r\nhello!\r\n'],
    ['with a bare LF', '5\r\nhello\n0\r\n\r\n'],
    ['with a bare CR', '5\r\nhello\r0\r\n\r\n'],
    ['with an empty line', '5\r\nhello\r\n\r\n0\r\n\r\n'],
  ])('%s behind one are refused', (_what, chunks) => {
    const answer = parsed(CHUNKED + chunks);
    expect(answer).toMatchObject({ body: 'hello', isReusable: null });
    expect(answer.error).toBeInstanceOf(BROKEN);
  });

  test.each([
    '',
    '5',
    '5\r\n',
    '5\r\nhe',
    '5\r\nhello',
    '5\r\nhello\r',
    '5\r\nhello\r\n',
    '0',
    '0\r\n',
    '0\r\n\r',
    '0\r\na: b\r\n',
  ])('that break off behind %j are not whole', (chunks) => {
    const answer = parsed(CHUNKED + chunks, { isClosed: true });
    expect(answer).toMatchObject({ isReusable: null, error: { message: 'other side closed' } });
  });

  test('are not read on beyond the last one', () => {
    expect(parsed(`${CHUNKED}0\r\n\r\n${OK}`)).toMatchObject({ isReusable: true, error: { message: 'bad response' } });
  });
});

describe('trailers', () => {
  const behind = (trailers: string): ParsedAnswer => parsed(`${CHUNKED}2\r\nhi\r\n0\r\n${trailers}`);

  test.each([
    ['one', 'a: b\r\n\r\n'],
    ['some', 'a: b\r\nc: d\r\nc: e\r\n\r\n'],
    ['an empty one', 'a:\r\n\r\n'],
    ['a length, which says nothing here', 'content-length: 9\r\n\r\n'],
    ['the word close, which says nothing here', 'connection: close\r\n\r\n'],
  ])('are read and dropped: %s', (_what, trailers) => {
    const answer = behind(trailers);
    expect(answer).toMatchObject(whole('hi'));
    expect(answer.answerHead?.headers).toEqual(['transfer-encoding', 'chunked']);
  });

  test.each([
    ['no colon', 'ab\r\n\r\n'],
    ['a folded line', 'a: b\r\n c\r\n\r\n'],
    ['a space before the colon', 'a : b\r\n\r\n'],
    ['a bare LF', 'a: b\nc: d\r\n\r\n'],
    ['NUL', 'a: \0\r\n\r\n'],
    ['a bare CR at their beginning', '\ra: b\r\n\r\n'],
    ['an answer in their place', 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('with %s are refused, and the answer has no end', (_what, trailers) => {
    const answer = behind(trailers);
    expect(answer).toMatchObject({ isReusable: null });
    expect(answer.error).toBeInstanceOf(BROKEN);
  });

  test('have the bound of a head', () => {
    const line = `a: ${'x'.repeat(HEAD_BYTES_MAX - 3)}`;
    expect(behind(`${line}\r\n\r\n`)).toMatchObject(whole('hi'));
    expect(behind(`${line}x\r\n\r\n`).error).toBeInstanceOf(errors.HeadersOverflowError);
    expect(behind('a: b\r\n'.repeat(HEAD_BYTES_MAX)).error).toBeInstanceOf(errors.HeadersOverflowError);
  });
});

describe('the bound of a head', () => {
  /** A head of so many bytes before its empty line. */
  const headOf = (bytes: number): string => `${OK}content-length: 2\r\nx: `.padEnd(bytes, 'y');

  test('is met exactly, in one piece', () => {
    expect(parsed(`${headOf(HEAD_BYTES_MAX)}\r\n\r\nhi`)).toMatchObject(whole('hi'));
    const over = parsed(`${headOf(HEAD_BYTES_MAX + 1)}\r\n\r\nhi`);
    expect(over).toMatchObject({ events: [] });
    expect(over.error).toBeInstanceOf(errors.HeadersOverflowError);
  });

  test.each([1, 100, HEAD_BYTES_MAX - 1, HEAD_BYTES_MAX, HEAD_BYTES_MAX + 1, HEAD_BYTES_MAX + 2, HEAD_BYTES_MAX + 3])(
    'is met exactly when a head comes in two pieces, the first of %i bytes',
    (first) => {
      const inTwo = (text: string): ParsedAnswer => parsed(text.slice(0, first)).push(text.slice(first));
      expect(inTwo(`${headOf(HEAD_BYTES_MAX)}\r\n\r\nhi`)).toMatchObject(whole('hi'));
      expect(inTwo(`${headOf(HEAD_BYTES_MAX + 1)}\r\n\r\nhi`).error).toBeInstanceOf(errors.HeadersOverflowError);
    },
  );

  test('is met exactly when a head comes byte by byte', () => {
    const answer = new ParsedAnswer();
    for (const character of `${headOf(HEAD_BYTES_MAX)}\r\n\r\nhi`) answer.push(character);
    expect(answer).toMatchObject(whole('hi'));
  });

  test('is each interim answer’s own', () => {
    const interim = `${'HTTP/1.1 103 Early Hints\r\nx: '.padEnd(HEAD_BYTES_MAX, 'y')}\r\n\r\n`;
    expect(parsed(`${interim}${interim}${headOf(HEAD_BYTES_MAX)}\r\n\r\nhi`)).toMatchObject(whole('hi'));
  });

  test('ends what never ends', () => {
    const answer = new ParsedAnswer();
    let pushed = 0;
    for (; answer.error === null && pushed < 100; pushed++) answer.push('x'.repeat(1024));
    expect(answer.error).toBeInstanceOf(errors.HeadersOverflowError);
    expect(pushed).toBe(HEAD_BYTES_MAX / 1024 + 1);
  });
});

describe('a connection', () => {
  test('on which nothing is awaited takes no byte', () => {
    const answer = parsed(`${OK}content-length: 0\r\n\r\n`);
    expect(answer.parser.isBusy).toBe(false);
    expect(answer.push('\r')).toMatchObject({ error: { message: 'bad response' } });
  });

  test('that closes between answers is no error', () => {
    expect(parsed(`${OK}content-length: 0\r\n\r\n`, { isClosed: true })).toMatchObject(whole(''));
  });

  test.each(['', 'H', OK, `${OK}\r`])('that closes behind %j of a head has lost the answer', (text) => {
    expect(parsed(text, { isClosed: true })).toMatchObject({ events: [], error: { message: 'other side closed' } });
  });

  test('carries one answer after another', () => {
    const answer = parsed(`${CHUNKED}2\r\nhi\r\n0\r\na: b\r\n\r\n`);
    answer.parser.begin(true);
    answer.push(`${OK}content-length: 7\r\n\r\n`);
    answer.parser.begin(false);
    answer.push(`${OK}content-length: 2\r\n\r\nho`);
    answer.parser.begin(false);
    answer.push(`${OK}\r\n!`).close();
    expect(answer).toMatchObject(whole('hiho!', false));
    expect(answer.events.filter((event) => event === 'end')).toHaveLength(4);
  });

  test('whose answer is broken says nothing of the answer before', () => {
    const answer = parsed(`${OK}content-length: 2\r\n\r\nhi`);
    answer.parser.begin(false);
    expect(answer.push('nonsense\r\n\r\n')).toMatchObject({ events: ['head 200', 'data', 'end'] });
    expect(answer.error).toBeInstanceOf(BROKEN);
  });
});
