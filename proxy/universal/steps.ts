/**
 * A universal request (cloudflare-wire §1.2): one body that names several calls, to be tried in turn. Each becomes an
 * arrival of its own, with its own path, headers, wishes and body, so that every stage sees a step as it sees a
 * request.
 */
import type { Arrival } from '../exchange.js';
import { GatewayError } from '../gateway-error.js';
import { contentEncodingOf } from '../header-list.js';
import type { HeldBodies } from '../held-bodies.js';
import { readRequestBody, type RequestBodyDeps } from '../request-body.js';
import { limitedOptions, overlaidOptions, parseRequestOptions } from '../request-options.js';
import { isSafePath } from '../upstream/path.js';
import { isArray, jsonElements, jsonMembers, trimmedJson } from './json-slices.js';
import { stepHead } from './step-headers.js';

/** Beyond: 400/9001. With 5 attempts each, a record has 100 of them at most. */
const STEPS_MAX = 20;
const ENDPOINT_CHARACTERS_MAX = 8 * 1024;
/** Visible ASCII, as in a URL on the wire (request-head.ts): no `#`, no backslash. */
const ENDPOINT = /^[!"$-[\]-~]*$/;
const SLUG = /^[\w-]{1,128}$/;
const NO_BYTES = Buffer.alloc(0);
/** What a step may have; anything else in it is left alone. */
const MEMBERS = new Set(['provider', 'endpoint', 'headers', 'config', 'query']);

export interface StepsDeps extends RequestBodyDeps {
  readonly heldBodies: HeldBodies;
}

/** Whether the request is for no provider, but for the steps that its body names. */
export function isUniversal({ method, providerSlug, path }: Arrival): boolean {
  return providerSlug === '' && path === '' && method === 'POST';
}

/**
 * Reads the whole body, within the bounds of bodies that are held. Throws GatewayError 9001 (it cannot be used, and
 * why), 9004, 9006, 9002, or ClientLeft.
 */
export async function readSteps(deps: StepsDeps, arrival: Arrival): Promise<readonly Arrival[]> {
  const { request, response } = arrival;
  if (contentEncodingOf(request.rawHeaders) !== null) throw unusable('it must not be compressed');
  const body = await readRequestBody(deps, request, deps.heldBodies.holdFor(response));
  return stepsIn(arrival, body.kind === 'held' ? body.bytes : body.head); // with a hold, none is streamed
}

/** The steps that a body names. Throws GatewayError 9001. */
export function stepsIn(arrival: Arrival, body: Buffer): readonly Arrival[] {
  const json = trimmedJson(body);
  const elements = isArray(json) ? jsonElements(json) : [json];
  if (elements === null || elements.length === 0) throw unusable('it must be a JSON array of steps, or one step');
  if (elements.length > STEPS_MAX) throw unusable(`it has more than ${STEPS_MAX} steps`);
  const loop = loopLines(arrival.head.rawHeaders);
  return elements.map((element, number) => stepOf(arrival, element, { number, loop }));
}

/**
 * A universal request as limits see it: by what it says itself, and where it says nothing by its first step. (The
 * Workers binding writes what it is told of a request into each of its steps.)
 */
export function limitedArrival(arrival: Arrival, [first]: readonly Arrival[]): Arrival {
  if (first === undefined) return arrival;
  return { ...arrival, head: first.head, options: limitedOptions(arrival.options, first.options) };
}

interface StepPlace {
  readonly number: number;
  readonly loop: readonly string[];
}

function stepOf(arrival: Arrival, json: Buffer, { number, loop }: StepPlace): Arrival {
  try {
    const members = membersOf(json);
    const { path, query } = endpointOf(members);
    const head = stepHead(valuesOf(members, 'headers'), valuesOf(members, 'config'), loop);
    const own = parseRequestOptions(head.rawHeaders);
    return {
      ...arrival,
      head,
      body: { kind: 'held', bytes: members.get('query') ?? NO_BYTES },
      step: number,
      eventId: own.eventId ?? arrival.eventId,
      providerSlug: slugOf(members),
      path,
      query,
      options: overlaidOptions(own, arrival.options),
    };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    throw new GatewayError('badHeader', `step ${number} of the universal request: ${error.description}`);
  }
}

type Members = ReadonlyMap<string, Buffer>;

/** A member that stands twice would be one thing to us and another one to whoever wrote it. */
function membersOf(json: Buffer): Members {
  const members = new Map<string, Buffer>();
  const found = jsonMembers(json);
  if (found === null) throw badStep('it must be a JSON object');
  for (const [name, value] of found) {
    if (!MEMBERS.has(name)) continue;
    if (members.has(name)) throw badStep(`it has more than one ${name}`);
    members.set(name, value);
  }
  return members;
}

function slugOf(members: Members): string {
  const slug = parsed(members, 'provider');
  if (typeof slug !== 'string' || !SLUG.test(slug)) throw badStep('provider must be the slug of a provider');
  return slug;
}

/** The path behind the provider's base, and the query that belongs in it: `{model}:generateContent?alt=sse`. */
function endpointOf(members: Members): Pick<Arrival, 'path' | 'query'> {
  const endpoint = parsed(members, 'endpoint') ?? '';
  const isText = typeof endpoint === 'string' && endpoint.length <= ENDPOINT_CHARACTERS_MAX;
  if (!isText || !ENDPOINT.test(endpoint)) throw badStep("endpoint must be a path of the provider's, percent-encoded");
  const queryAt = endpoint.indexOf('?');
  const written = queryAt === -1 ? endpoint : endpoint.slice(0, queryAt);
  const path = written === '' || written === '/' ? '' : written.startsWith('/') ? written : `/${written}`;
  if (!isSafePath(path)) throw badStep('endpoint may not be decoded into another path');
  return { path, query: queryAt === -1 ? '' : endpoint.slice(queryAt) };
}

function valuesOf(members: Members, name: string): Readonly<Record<string, unknown>> {
  const value = parsed(members, name) ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw badStep(`${name} must be a JSON object`);
  return value as Readonly<Record<string, unknown>>; // proved above
}

/** Null: absent, or null. */
function parsed(members: Members, name: string): unknown {
  const json = members.get(name);
  if (json === undefined) return null;
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    throw badStep(`${name} is no JSON`);
  }
}

function loopLines(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_text, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'cdn-loop');
}

const badStep = (problem: string): GatewayError => new GatewayError('badHeader', problem);
const unusable = (problem: string): GatewayError =>
  new GatewayError('badHeader', `the body of a universal request cannot be used: ${problem}`);
