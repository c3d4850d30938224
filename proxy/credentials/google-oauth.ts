/**
 * Access tokens for service accounts: asked of Google once, then held until five minutes before they expire. One
 * request at a time asks for the same token; one that is soon to expire is asked for while the old one still serves.
 *
 * Nothing is kept of an account but a hash of its key's JSON: what is held is the token.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { GatewayError } from '../gateway-error.js';
import type { Dispatchers } from '../upstream/dispatchers.js';
import type { EgressProxy } from '../upstream/destination.js';
import { upstreamError } from '../upstream/upstream-errors.js';
import { AskingRoom } from './asking-room.js';
import { GOOGLE_TOKEN_URL, parseServiceAccount, signedAssertion } from './service-account.js';

/** Tokens in memory; beyond it the least used is forgotten, and asked for again. */
const TOKENS_MAX = 1_000;
/** Google says one hour; neither its clock nor ours is trusted to the minute. */
const RETIRED_BEFORE_EXPIRY_MS = 5 * 60_000;
const RENEWED_BEFORE_EXPIRY_MS = 10 * 60_000;
/** How long a refusal stands, and how long a failed renewal is not tried again. */
const PAUSE_MS = 5_000;
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 65_536;
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** RFC 6749 §5.2: the codes that may be told to a client; anything else is text of Google's. */
const REFUSALS = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'invalid_scope',
]);

const grantSchema = z.object({
  access_token: z
    .string()
    .regex(/^[!-~]+$/)
    .max(8_192),
  expires_in: z.number().positive().max(86_400),
});
const refusalSchema = z.object({ error: z.string() });

/** In an explanation, which goes nowhere, where a call would have an access token that is still to be asked for. */
export const TOKEN_NOT_ASKED_FOR = 'not asked for';

interface Held {
  readonly token: string;
  /** Unix ms: from then on another one is asked for before the call */
  readonly retiredAtMs: number;
  /** Unix ms: from then on another one is asked for beside the call */
  renewableAtMs: number;
}

export interface GoogleTokenOptions {
  /** of the token endpoint; another one only in tests */
  readonly tokenUrl?: string;
  readonly timeoutMs?: number;
  /** Unix ms */
  readonly now?: () => number;
}

export class GoogleTokens {
  /** so far: requests to the token endpoint, calls refused for want of room to ask, tokens let go of at `TOKENS_MAX` */
  readonly counts = { asked: 0, turnedAway: 0, evicted: 0 };
  private readonly held = new LRUCache<string, Held>({
    max: TOKENS_MAX,
    dispose: (_held, _key, reason) => {
      if (reason === 'evict') this.counts.evicted += 1;
    },
  });
  private readonly refusals = new LRUCache<string, { readonly error: GatewayError; readonly untilMs: number }>({
    max: TOKENS_MAX,
  });
  private readonly asking = new Map<string, Promise<Held>>();
  private readonly room = new AskingRoom();
  private readonly tokenUrl: URL;
  private readonly timeoutMs: number;
  private readonly now: () => number;

  constructor(
    private readonly dispatchers: Pick<Dispatchers, 'of'>,
    { tokenUrl = GOOGLE_TOKEN_URL, timeoutMs = TIMEOUT_MS, now = Date.now }: GoogleTokenOptions = {},
  ) {
    this.tokenUrl = new URL(tokenUrl);
    this.timeoutMs = timeoutMs;
    this.now = now;
  }

  /**
   * An access token for the service account whose key `json` is; at once when one is held. Throws or rejects with
   * GatewayError: 2040 when it is no such key or Google refuses it, 2005 when Google cannot be asked, 9006 when too
   * many are being asked for.
   */
  token(json: string, egress: EgressProxy | null): string | Promise<string> {
    const key = cacheKey(json, egress);
    const held = this.held.get(key);
    const nowMs = this.now();
    if (held === undefined || nowMs >= held.retiredAtMs) return this.ask(key, json, egress).then(({ token }) => token);
    if (nowMs >= held.renewableAtMs) {
      held.renewableAtMs = nowMs + PAUSE_MS;
      this.ask(key, json, egress).catch(() => undefined); // the old one still serves, and a later call asks again
    }
    return held.token;
  }

  /** As `token`, but Google is not asked: what stands for a token that is not held is no token. */
  async preview(json: string, egress: EgressProxy | null): Promise<string> {
    const key = cacheKey(json, egress);
    const held = this.held.peek(key);
    if (held !== undefined && this.now() < held.retiredAtMs) return held.token;
    const refusal = this.refusals.peek(key);
    if (refusal !== undefined && this.now() < refusal.untilMs) throw refusal.error;
    await this.assertionFor(json);
    return TOKEN_NOT_ASKED_FOR;
  }

  private ask(key: string, json: string, egress: EgressProxy | null): Promise<Held> {
    const asking = this.asking.get(key);
    if (asking !== undefined) return asking;
    const refusal = this.refusals.get(key);
    if (refusal !== undefined && this.now() < refusal.untilMs) return Promise.reject(refusal.error);
    if (!this.room.enter(egress)) {
      this.counts.turnedAway += 1;
      const why = 'too many access tokens are being asked of Google';
      return Promise.reject(new GatewayError('unavailable', why, { retryAfterSeconds: 1 }));
    }
    const asked = this.fetch(json, egress)
      .then(
        (held) => {
          this.held.set(key, held);
          return held;
        },
        (error: unknown) => {
          if (error instanceof GatewayError && error.errorName === 'noProviderKey')
            this.refusals.set(key, { error, untilMs: this.now() + PAUSE_MS });
          throw error;
        },
      )
      .finally(() => {
        this.room.leave(egress);
        this.asking.delete(key);
      });
    this.asking.set(key, asked);
    return asked;
  }

  private async fetch(json: string, egress: EgressProxy | null): Promise<Held> {
    const assertion = await this.assertionFor(json);
    this.counts.asked += 1;
    const atMs = this.now();
    const answer = await this.post(new URLSearchParams({ grant_type: GRANT_TYPE, assertion }).toString(), egress);
    const grant = answer.status === 200 ? grantSchema.safeParse(answer.document).data : undefined;
    if (grant === undefined) throw failure(answer);
    const lifeMs = grant.expires_in * 1_000;
    return {
      token: grant.access_token,
      retiredAtMs: atMs + Math.max(lifeMs - RETIRED_BEFORE_EXPIRY_MS, lifeMs / 2),
      renewableAtMs: atMs + Math.max(lifeMs - RENEWED_BEFORE_EXPIRY_MS, lifeMs / 4),
    };
  }

  private async assertionFor(json: string): Promise<string> {
    const account = parseServiceAccount(json);
    const assertion = account === null ? null : await signedAssertion(account, this.now());
    if (assertion === null) throw refused('it is not the JSON of a service account with an RSA key');
    return assertion;
  }

  /** Redirects are not followed. */
  private async post(form: string, egress: EgressProxy | null): Promise<TokenAnswer> {
    const { origin, pathname } = this.tokenUrl;
    const silence = new AbortController();
    const why = `Google gave no access token within ${this.timeoutMs} ms`;
    const timer = setTimeout(() => silence.abort(new GatewayError('upstreamTimedOut', why)), this.timeoutMs);
    try {
      // Without an egress proxy all accounts share one pool; with one it is on the account that named it.
      const destination = { origin, accountId: null, callerId: egress?.accountId ?? null, egress };
      const { statusCode, body } = await this.dispatchers.of(destination).request({
        origin,
        path: pathname,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: form,
        signal: silence.signal,
      });
      return { status: statusCode, document: jsonOf(await boundedText(body)) };
    } catch (cause) {
      throw notAsked(cause);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function boundedText(body: AsyncIterable<unknown>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // undici's bodies are of bytes; its types do not say so
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new GatewayError('upstreamFailed', "Google's answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

interface TokenAnswer {
  readonly status: number;
  /** null: it was no JSON */
  readonly document: unknown;
}

/** Apart by the way out too, so that nobody waits for a way that is another gateway's. */
function cacheKey(json: string, egress: EgressProxy | null): string {
  const hash = createHash('sha256').update(json).digest('base64url');
  return egress === null ? hash : `${hash} ${egress.key}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const refused = (why: string): GatewayError =>
  new GatewayError('noProviderKey', `No access token can be had with the credential of 'google-vertex-ai': ${why}`);

/** 400, 401 and 403 say that the account will not do; anything else, that Google could not answer now. */
function failure({ status, document }: TokenAnswer): GatewayError {
  if (status === 400 || status === 401 || status === 403) {
    const code = refusalSchema.safeParse(document).data?.error ?? '';
    return refused(`Google answered ${REFUSALS.has(code) ? code : status}`);
  }
  return new GatewayError('upstreamFailed', `Google gave no access token: its token endpoint answered ${status}`);
}

function notAsked(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  const { errorName, description } = upstreamError(cause);
  return new GatewayError(errorName, `Google could not be asked for an access token: ${description}`, { cause });
}
