/** RFC 9112 §6: where a body ends. Each of these has made one server see a request where another saw a body. */
import {
  chunked,
  cut,
  get,
  HOST,
  message,
  passed,
  passedThenClosed,
  post,
  refused,
  type WireCase,
} from './wire-case.js';

const SMUGGLED = message(['GET {path}/smuggled HTTP/1.1', HOST]);
const CHUNKED = 'Transfer-Encoding: chunked';

export const LENGTHS: readonly WireCase[] = [
  passed('a length of 0 passes', post(['Content-Length: 0'])),
  passed('a length with space around it passes', post(['Content-Length:   5  '], 'hello')),
  passed('a length in any case of the name passes', post(['cONTENT-lENGTH: 5'], 'hello')),
  passed('a GET may have a body', message(['GET {path} HTTP/1.1', HOST, 'Content-Length: 5'], 'hello')),
  passed('a body that looks like a request is a body', post(['Content-Length: 18'], 'GET / HTTP/1.1\r\n\r\n')),
  passed('a POST without a length has no body', post([])),
  ...[
    '', '+5', '-5', '5.0', '5e0', '0x5', '5 5', '5, 5', '5,6', '5,', '5;', '"5"', 'five', '5\t5', '\u00b2', '5\u0000', '05',
    '00005', '00', '1000000000000000', '99999999999999999999', '18446744073709551621', '\u00b9',
  ].map((length) => refused(`the length ${JSON.stringify(length)} is refused`, post([`Content-Length: ${length}`], 'hello'))), // prettier-ignore
  refused('the same length twice is refused', post(['Content-Length: 5', 'Content-Length: 5'], 'hello')),
  refused('two lengths are refused', post(['Content-Length: 5', 'Content-Length: 6'], 'hello!')),
  refused('two lengths in different case are refused', post(['Content-Length: 5', 'content-length: 0'], 'hello')),
  refused('a length over the bound is refused before it is read', post(['Content-Length: 999999999999']), 413),
  cut('a body shorter than its length is never forwarded', post(['Content-Length: 50'], 'hello')),
];

export const CODINGS: readonly WireCase[] = [
  passed('a chunked body passes', chunked('5\r\nhello\r\n0\r\n\r\n')),
  passed('an empty chunked body passes', chunked('0\r\n\r\n')),
  passed('Chunked in any case passes', post(['transfer-encoding: CHUNKED'], '5\r\nhello\r\n0\r\n\r\n')),
  passed('a coding with space around it passes', post(['Transfer-Encoding:  chunked  '], '0\r\n\r\n')),
  passed('a GET may have a chunked body', get(CHUNKED) + '0\r\n\r\n'),
  ...[
    '', 'identity', 'gzip', 'gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'chunked,', ', chunked', 'xchunked',
    'chunkedx', 'chunked;q=1', '"chunked"', 'chunk', 'chunked identity', 'c\u0000hunked', '\u000bchunked', 'chunked\u000b',
    'x\u00a0chunked', 'trailers',
  ].map((coding) =>
    refused(`the coding ${JSON.stringify(coding)} is refused`, post([`Transfer-Encoding: ${coding}`], '0\r\n\r\n')),
  ), // prettier-ignore
  refused('chunked twice is refused', post([CHUNKED, CHUNKED], '0\r\n\r\n')),
  refused('chunked and identity are refused', post([CHUNKED, 'Transfer-Encoding: identity'], '0\r\n\r\n')),
  refused('a length and a coding are refused', post(['Content-Length: 5', CHUNKED], `0\r\n\r\n${SMUGGLED}`)),
  refused('a coding and a length are refused', post([CHUNKED, 'Content-Length: 5'], `0\r\n\r\n${SMUGGLED}`)),
  refused('a length of 0 and a coding are refused', post(['Content-Length: 0', CHUNKED], `0\r\n\r\n${SMUGGLED}`)),
  refused('a coding in HTTP/1.0 is refused', message(['POST {path} HTTP/1.0', HOST, CHUNKED], '0\r\n\r\n')),
  refused('a coding behind a folded line is refused', post(['Transfer-Encoding:', ' chunked'], '0\r\n\r\n')),
  refused('a coding whose name ends in a space is refused', post(['Transfer-Encoding : chunked'], '0\r\n\r\n')),
  refused('a coding whose name ends in a tab is refused', post(['Transfer-Encoding\t: chunked'], '0\r\n\r\n')),
  refused('a coding behind a leading space is refused', post([' Transfer-Encoding: chunked'], '0\r\n\r\n')),
  refused('a coding hidden by a bare CR is refused', post(['X: a\rTransfer-Encoding: chunked'], '0\r\n\r\n')),
  refused('a coding hidden by a bare LF is refused', post(['X: a\nTransfer-Encoding: chunked'], '0\r\n\r\n')),
];

const body = (text: string): string => chunked(`${text}0\r\n\r\n`);

export const CHUNKS: readonly WireCase[] = [
  passed('two chunks pass', body('5\r\nhello\r\n1\r\n!\r\n')),
  passed('sizes in either case pass', body(`a\r\n${'x'.repeat(10)}\r\nA\r\n${'x'.repeat(10)}\r\n`)),
  passed('a size with leading zeros passes (RFC 9112 §7.1: 1*HEXDIG)', body('0005\r\nhello\r\n')),
  passed('a chunk extension is ignored', body('5;name=value\r\nhello\r\n')),
  passed('a quoted chunk extension is ignored', body('5;name="a;b"\r\nhello\r\n')),
  passed('a chunk extension without a name is ignored with the rest', body('5;=\r\nhello\r\n')),
  passed('trailers are read and dropped', chunked('5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n')),
  refused('a length in a trailer is refused', chunked('5\r\nhello\r\n0\r\nContent-Length: 99\r\n\r\n')),
  passed('a chunk that looks like a request is a chunk', body('23\r\nGET /smuggled HTTP/1.1\r\nHost: abc\r\n\r\n')),
  ...[
    'g', '', '-5', '+5', '0x5', '5 ', ' 5', '\t5', '5\u0000', '5,', '5.', '"5"', '5 5', '\u00b2', '5;', ';5',
    'FFFFFFFFFFFFFFFFF', '10000000000000005',
  ].map((size) => refused(`the chunk size ${JSON.stringify(size)} is refused`, body(`${size}\r\nhello\r\n`))), // prettier-ignore
  refused('a chunk longer than its size is refused', body('3\r\nhello\r\n')),
  refused('a chunk without its line end is refused', body('5\r\nhello')),
  refused('a chunk that ends in a bare LF is refused', body('5\r\nhello\n')),
  refused('a chunk that ends in a bare CR is refused', body('5\r\nhello\r')),
  refused('a size that ends in a bare LF is refused', body('5\nhello\r\n')),
  refused('a size that ends in a bare CR is refused', body('5\rhello\r\n')),
  refused('a bare LF in a chunk extension is refused', body('5;a\nb\r\nhello\r\n')),
  refused('a control in a chunk extension is refused', body('5;a\u0001b\r\nhello\r\n')),
  refused('chunk extensions without end are refused', body(`5;${'x'.repeat(20_000)}\r\nhello\r\n`)),
  refused('a trailer without a colon is refused', chunked('0\r\nX-Trailer\r\n\r\n')),
  refused('a trailer with a control in it is refused', chunked('0\r\nX-Trailer: a\u0001\r\n\r\n')),
  refused('a trailer that is folded is refused', chunked('0\r\nX-Trailer: a\r\n b\r\n\r\n')),
  refused('a last chunk that ends in a bare LF is refused', chunked('0\n\n')),
  cut('a body without its last chunk is never forwarded', chunked('5\r\nhello\r\n')),
  cut('a body cut in a chunk is never forwarded', chunked('5\r\nhel')),
  cut('a body cut before its last line is never forwarded', chunked('5\r\nhello\r\n0\r\n')),
  passedThenClosed('what stands behind the last chunk is no part of the body', chunked('0\r\n\r\nx')),
];
