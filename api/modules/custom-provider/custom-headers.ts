/** The headers that a custom provider's calls always carry, as an account writes them. No problem quotes a value. */
import { holdsApiToken } from '../../../schema/contracts/api-token.js';
import { HOP_BY_HOP } from '../../../schema/contracts/hop-by-hop.js';
import { badInput } from '../../errors.js';

const HEADERS_MAX = 20;
const VALUE_BYTES_MAX = 8_192;
/** All of them, as JSON. */
const HEADERS_BYTES_MAX = 32_768;

/** RFC 9110 §5.6.2 `token`, begun with a letter or digit. */
const NAME = /^[A-Za-z0-9][\w!#$%&'*+.^`|~-]{0,127}$/;
/** RFC 9110 §5.5: printable ASCII, blanks inside only. */
const VALUE = /^[!-~](?:[ -~]*[!-~])?$/;

/** About the connection, the message or its way: the gateway's to set. */
const NOT_TO_SET = new Set<string>([
  ...HOP_BY_HOP,
  'host',
  'expect',
  'via',
  'cdn-loop',
  // what is asked for must stay readable, or nothing could be metered
  'accept-encoding',
]);
const NOT_TO_SET_PREFIXES = ['content-', 'cf-aig-', 'tollgate-'];

export interface CustomHeaders {
  readonly names: string[];
  /** to be sealed; null: there are none */
  readonly json: string | null;
}

/** Throws BAD_USER_INPUT at `field`, or at the header under it. Null and an empty object are no headers. */
export function readCustomHeaders(sent: unknown, field: string): CustomHeaders {
  if (sent === null || sent === undefined) return { names: [], json: null };
  if (typeof sent !== 'object' || Array.isArray(sent)) throw badInput(field, 'must be an object of name to value');
  const entries = Object.entries(sent);
  if (entries.length === 0) return { names: [], json: null };
  if (entries.length > HEADERS_MAX) throw badInput(field, `must be at most ${HEADERS_MAX} headers`);
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    if (!NAME.test(name)) throw badInput(field, 'has a name that is none of a header');
    const problem = problemWith(name.toLowerCase(), value, seen);
    if (problem !== null) throw badInput(`${field}.${name}`, problem);
    seen.add(name.toLowerCase());
  }
  const json = JSON.stringify(Object.fromEntries(entries));
  if (json.length > HEADERS_BYTES_MAX) throw badInput(field, `must be at most ${HEADERS_BYTES_MAX} bytes in all`);
  return { names: entries.map(([name]) => name), json };
}

function problemWith(name: string, value: unknown, seen: ReadonlySet<string>): string | null {
  const plain = name.replaceAll('_', '-'); // servers behind CGI read both alike
  if (NOT_TO_SET.has(plain) || NOT_TO_SET_PREFIXES.some((prefix) => plain.startsWith(prefix))) {
    return 'cannot be set: the gateway does';
  }
  if (seen.has(name)) return 'is there twice';
  if (typeof value !== 'string') return 'must be text';
  if (value.length > VALUE_BYTES_MAX) return `must be at most ${VALUE_BYTES_MAX} bytes`;
  if (!VALUE.test(value)) return 'must be printable ASCII without spaces around it, and not empty';
  return holdsApiToken(value) ? 'must be no API token of this gateway' : null;
}
