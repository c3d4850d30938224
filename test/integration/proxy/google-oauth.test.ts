import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GoogleTokens, type GoogleTokenOptions } from '../../../proxy/credentials/google-oauth.js';
import type { Destination, EgressProxy } from '../../../proxy/upstream/destination.js';
import { createDispatchers, type Dispatchers } from '../../../proxy/upstream/dispatchers.js';
import { ACCOUNT } from '../../support/dispatched-call.js';
import { answerJson, startFakeUpstream, type Answer, type FakeUpstream } from '../../support/fake-upstream.js';
import { createServiceAccount, tokenRequest, verifiedAssertion } from '../../support/service-account.js';
import { waitFor } from '../../support/wait-for.js';

const MINUTE_MS = 60_000;
const account = createServiceAccount();

let google: FakeUpstream;
let dispatchers: Dispatchers;
let destinations: Destination[];
let nowMs = 0;
let granted = 0;

/** Grants `token-1`, `token-2`, … */
const grant =
  (expiresInSeconds = 3_600): Answer =>
  (seen, response) =>
    answerJson(200, { access_token: `token-${(granted += 1)}`, expires_in: expiresInSeconds, token_type: 'Bearer' })(
      seen,
      response,
    );

beforeEach(async () => {
  granted = 0;
  nowMs = Date.UTC(2026, 10, 24, 12);
  destinations = [];
  google = await startFakeUpstream(grant());
  dispatchers = createDispatchers();
});
afterEach(async () => {
  await dispatchers.close();
  await google.close();
});

function tokensOf(options: GoogleTokenOptions = {}): GoogleTokens {
  const counted: Pick<Dispatchers, 'of'> = {
    of(destination) {
      destinations.push(destination);
      return dispatchers.of({ ...destination, egress: null });
    },
  };
  return new GoogleTokens(counted, { tokenUrl: `${google.origin}/token`, now: () => nowMs, ...options });
}

const outcomeOf = async (tokens: GoogleTokens, json = account.json): Promise<unknown> => {
  try {
    return await tokens.token(json, null);
  } catch (error) {
    return error;
  }
};

describe('an access token', () => {
  it('is asked for once by fifty calls at a time, with a statement that the account signed', async () => {
    const tokens = tokensOf();
    const given = await Promise.all(Array.from({ length: 50 }, () => outcomeOf(tokens)));
    expect(new Set(given)).toEqual(new Set(['token-1']));
    expect(google.seen).toHaveLength(1);
    expect(tokens.counts.asked).toBe(1);
    const [seen] = google.seen;
    expect([seen?.method, seen?.url]).toEqual(['POST', '/token']);
    expect(seen?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    const { grant_type: grantType, assertion } = tokenRequest(seen?.body ?? Buffer.alloc(0));
    expect(grantType).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const issuedAt = nowMs / 1_000;
    expect(verifiedAssertion(assertion, account).claims).toMatchObject({
      iss: account.email,
      iat: issuedAt,
      exp: issuedAt + 3_600,
    });
  });

  it("never shows the private key, and is asked of Google's endpoint whatever the account's JSON names", async () => {
    await tokensOf().token(account.json, null);
    const [seen] = google.seen;
    const all = decodeURIComponent(`${seen?.url} ${seen?.rawHeaders.join(' ')} ${seen?.body.toString()}`);
    expect(all).not.toContain(account.privateKeyText.slice(0, 40));
    expect(all).not.toContain('PRIVATE');
    expect(destinations).toEqual([{ origin: google.origin, accountId: null, callerId: null, egress: null }]);
    expect(Reflect.get(new GoogleTokens(dispatchers), 'tokenUrl')).toEqual(
      new URL('https://oauth2.googleapis.com/token'),
    );
  });

  it('is held until ten minutes before it expires, then renewed beside the calls', async () => {
    const tokens = tokensOf();
    await tokens.token(account.json, null);
    nowMs += 50 * MINUTE_MS - 1;
    expect(tokens.token(account.json, null)).toBe('token-1');
    expect(google.seen).toHaveLength(1);
    nowMs += 1;
    expect([tokens.token(account.json, null), tokens.token(account.json, null)]).toEqual(['token-1', 'token-1']);
    await waitFor(() => tokens.token(account.json, null) === 'token-2', 'the renewed token serves');
    expect(google.seen).toHaveLength(2);
  });

  it('is asked for anew by a call five minutes before it expires', async () => {
    const tokens = tokensOf();
    await tokens.token(account.json, null);
    nowMs += 55 * MINUTE_MS;
    expect(await tokens.token(account.json, null)).toBe('token-2');
  });

  it('goes on serving while it cannot be renewed, and the renewal is tried every five seconds at most', async () => {
    const tokens = tokensOf();
    await tokens.token(account.json, null);
    google.answer = answerJson(500, {});
    nowMs += 51 * MINUTE_MS;
    expect(tokens.token(account.json, null)).toBe('token-1');
    await waitFor(() => google.seen.length === 2, 'the renewal is tried');
    nowMs += 4_999;
    expect(tokens.token(account.json, null)).toBe('token-1');
    expect(tokens.counts.asked).toBe(2);
    await waitFor(() => {
      nowMs += 5_000;
      expect(tokens.token(account.json, null)).toBe('token-1');
      return google.seen.length === 3;
    }, 'the renewal is tried again');
    expect(tokens.token(account.json, null)).toBe('token-1');
    nowMs += 4 * MINUTE_MS;
    await waitFor(async () => (await outcomeOf(tokens)) instanceof Error, 'the old token is no longer used');
  });

  it('that lives for a minute is used for half of it', async () => {
    google.answer = grant(60);
    const tokens = tokensOf();
    await tokens.token(account.json, null);
    nowMs += 14_999;
    expect(tokens.token(account.json, null)).toBe('token-1');
    nowMs += 15_001;
    expect(await tokens.token(account.json, null)).toBe('token-2');
  });

  it("is another account's no more than another way out's", async () => {
    const tokens = tokensOf();
    const url = new URL('http://proxy.example:3128');
    const egress: EgressProxy = { url, key: 'gateway-1:a', accountId: ACCOUNT };
    const other = createServiceAccount();
    const given = [];
    for (const [json, way] of [
      [account.json, null],
      [other.json, null],
      [account.json, egress],
    ] as const)
      given.push(await tokens.token(json, way));
    expect(given).toEqual(['token-1', 'token-2', 'token-3']);
    expect(destinations.map((destination) => destination.egress)).toEqual([null, null, egress]);
  });
});

describe('no access token', () => {
  it.each([400, 401, 403])(
    "is 2040 when Google answers %i, with RFC 6749's word for it and none of Google's text",
    async (status) => {
      google.answer = answerJson(status, {
        error: 'invalid_grant',
        error_description: `Invalid JWT: ${account.email}`,
      });
      const refusal = await outcomeOf(tokensOf());
      expect(refusal).toMatchObject({
        errorName: 'noProviderKey',
        description: expect.stringMatching(/: Google answered invalid_grant$/),
      });
    },
  );

  it('is remembered for five seconds when Google refused, and asked about again afterwards', async () => {
    google.answer = answerJson(400, { error: '<script>' });
    const tokens = tokensOf();
    expect(await outcomeOf(tokens)).toMatchObject({ description: expect.stringMatching(/: Google answered 400$/) });
    google.answer = grant();
    nowMs += 4_999;
    expect(await outcomeOf(tokens)).toMatchObject({ errorName: 'noProviderKey' });
    expect(google.seen).toHaveLength(1);
    nowMs += 1;
    expect(await tokens.token(account.json, null)).toBe('token-1');
  });

  it('is 2040 for a key that cannot sign, and nothing is asked', async () => {
    const bad = createServiceAccount({ private_key: 'canary' });
    const refusal = await outcomeOf(tokensOf(), bad.json);
    expect(refusal).toMatchObject({ errorName: 'noProviderKey' });
    expect(String(refusal)).not.toContain('canary');
    expect(google.seen).toHaveLength(0);
  });

  it.each<[string, Answer]>([
    ['an error of its own', answerJson(500, { error: 'internal' })],
    ['that it is asked too often', answerJson(429, {})],
    ['no token', answerJson(200, { expires_in: 3600 })],
    ['a token that ends the header', answerJson(200, { access_token: 'a\r\nx-evil: 1', expires_in: 3600 })],
    ['a token that never lived', answerJson(200, { access_token: 'a', expires_in: 0 })],
    ['something else than JSON', (_seen, response) => void response.end('<html>')],
    ['more than 64 KiB', answerJson(200, { access_token: 'a', expires_in: 60, more: 'x'.repeat(65_536) })],
    [
      'half an answer',
      (_seen, response) =>
        void response.writeHead(200, { 'content-length': 50 }).write('{"access_', () => response.destroy()),
    ],
  ])('is 502/2005 when Google answers %s, and asked for again by the next call', async (_what, answer) => {
    google.answer = answer;
    const tokens = tokensOf();
    const refusal = await outcomeOf(tokens);
    expect(refusal).toMatchObject({ errorName: 'upstreamFailed', definition: { status: 502, code: 2005 } });
    google.answer = grant();
    expect(await tokens.token(account.json, null)).toBe('token-1');
  });

  it('is 502/2005 when Google redirects: the credential goes nowhere else', async () => {
    const elsewhere = await startFakeUpstream(grant());
    google.answer = (_seen, response) => void response.writeHead(307, { location: `${elsewhere.origin}/token` }).end();
    expect(await outcomeOf(tokensOf())).toMatchObject({ errorName: 'upstreamFailed' });
    expect(elsewhere.seen).toHaveLength(0);
    await elsewhere.close();
  });

  it('is 504/2005 when Google keeps silent', async () => {
    google.answer = () => undefined;
    const refusal = await outcomeOf(tokensOf({ timeoutMs: 50 }));
    expect(refusal).toMatchObject({ errorName: 'upstreamTimedOut', definition: { status: 504, code: 2005 } });
  });

  it('is 502/2005 when Google cannot be reached', async () => {
    const gone = await startFakeUpstream();
    await gone.close();
    const refusal = await outcomeOf(tokensOf({ tokenUrl: `${gone.origin}/token` }));
    expect(refusal).toMatchObject({
      errorName: 'upstreamFailed',
      description: expect.stringContaining('could not be asked'),
    });
  });

  it('is 503/9006 for the 257th account at a time, which is counted', async () => {
    const release: (() => void)[] = [];
    google.answer = (seen, response) => void release.push(() => void grant()(seen, response));
    const tokens = tokensOf();
    const jsons = Array.from({ length: 257 }, (_, index) => account.json.replace('"type"', `"n": ${index},\n"type"`));
    const asked = jsons.map((json) => outcomeOf(tokens, json));
    expect(await asked[256]).toMatchObject({ errorName: 'unavailable' });
    expect(tokens.counts.turnedAway).toBe(1);
    await waitFor(() => release.length === 256, 'all the others are asked for');
    for (const answer of release) answer();
    expect(new Set(await Promise.all(asked.slice(0, 256))).size).toBe(256);
  });

  it("is 503/9006 for those alone whose gateway's egress proxies let too many requests hang", async () => {
    const release: (() => void)[] = [];
    google.answer = (seen, response) => void release.push(() => void grant()(seen, response));
    const tokens = tokensOf();
    const url = new URL('http://proxy.example:3128');
    const wayOf = (gateway: string): EgressProxy => ({ url, key: gateway, accountId: ACCOUNT });
    let n = 0;
    const ask = (egress: EgressProxy | null): Promise<string> =>
      Promise.resolve(tokens.token(account.json.replace('"type"', `"n": ${(n += 1)},\n"type"`), egress));
    const asked = Array.from({ length: 16 }, () => ask(wayOf('gateway-1')));
    await expect(ask(wayOf('gateway-1'))).rejects.toMatchObject({ errorName: 'unavailable' });
    for (let gateway = 2; gateway <= 8; gateway++) {
      for (let i = 0; i < 16; i++) asked.push(ask(wayOf(`gateway-${gateway}`)));
    }
    await expect(ask(wayOf('gateway-9'))).rejects.toMatchObject({ errorName: 'unavailable' });
    asked.push(ask(null));
    await waitFor(() => release.length === 129, 'all the others are asked for');
    for (const answer of release.splice(0)) answer();
    expect(new Set(await Promise.all(asked)).size).toBe(129);
    const again = ask(wayOf('gateway-1'));
    await waitFor(() => release.length === 1, 'there is room again');
    for (const answer of release) answer();
    expect(await again).toMatch(/^token-/);
    expect(tokens.counts.turnedAway).toBe(2);
  });
});
