/**
 * The headers of one step, as if they had come on the wire: what reads a request's headers reads a step's the same way,
 * and what is refused there is refused here.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHead } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { checkLine } from '../request-head.js';

/** Names of a step's `config`, and those of the Workers binding's options, by the header that says the same. */
const CONFIG_HEADERS: ReadonlyMap<string, string> = new Map([
  ['requestTimeout', 'cf-aig-request-timeout'],
  ['requestTimeoutMs', 'cf-aig-request-timeout'],
  ['maxAttempts', 'cf-aig-max-attempts'],
  ['retryDelay', 'cf-aig-retry-delay'],
  ['retryDelayMs', 'cf-aig-retry-delay'],
  ['backoff', 'cf-aig-backoff'],
  ['cacheTtl', 'cf-aig-cache-ttl'],
  ['skipCache', 'cf-aig-skip-cache'],
  ['cacheKey', 'cf-aig-cache-key'],
  ['metadata', 'cf-aig-metadata'],
  ['collectLog', 'cf-aig-collect-log'],
  ['eventId', 'cf-aig-event-id'],
  ['byokAlias', 'cf-aig-byok-alias'],
  ['customCost', 'cf-aig-custom-cost'],
  ['zdr', 'cf-aig-zdr'],
]);

/** Of the body, which we take out of another one, and of the way here, which the outer request tells. */
const NOT_TAKEN = new Set(['content-encoding', 'cdn-loop']);

type Values = Readonly<Record<string, unknown>>;

/**
 * `headers` win over `config`, where both say the same. `loop` are the outer request's lines of `CDN-Loop`. Throws
 * GatewayError (9001) naming what cannot be used.
 */
export function stepHead(headers: Values, config: Values, loop: readonly string[]): RequestHead {
  const rawHeaders: string[] = [];
  const byName: IncomingHttpHeaders = {};
  const add = (name: string, value: string): void => {
    rawHeaders.push(name, value);
    byName[name.toLowerCase()] = value;
  };
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (value === null || NOT_TAKEN.has(lower)) continue;
    if (Object.hasOwn(byName, lower)) throw unusable(`headers has more than one ${lower}`);
    const text = asWritten(value);
    checkWritten(name, text);
    add(name, text);
  }
  for (const [name, value] of Object.entries(config)) {
    const header = CONFIG_HEADERS.get(name);
    if (header === undefined || value === null || Object.hasOwn(byName, header)) continue;
    add(header, asWritten(value));
  }
  if (byName['content-type'] === undefined) add('content-type', 'application/json');
  for (const value of loop) rawHeaders.push('cdn-loop', value);
  return { rawHeaders };
}

/** A value as it would be on the wire: text in UTF-8, read byte by byte; numbers and objects as JSON. */
function asWritten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return Buffer.from(text, 'utf8').toString('latin1');
}

function checkWritten(name: string, value: string): void {
  try {
    checkLine(name, value);
  } catch (error) {
    throw error instanceof GatewayError ? unusable(error.description) : error;
  }
}

const unusable = (problem: string): GatewayError => new GatewayError('badHeader', problem);
