/** How the api serves the dashboard: what is cached, what is not, and that nothing else can be had by its routes. */
import { request as httpRequest } from 'node:http';
import { readdirSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readDashboard } from '../../../api/http/dashboard.js';
import { startTestApi, type TestApi } from '../../support/api.js';

const BUILT = fileURLToPath(new URL('../../../dashboard', import.meta.url));
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ dashboard: readDashboard(BUILT) });
});
afterAll(() => api.stop());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** The target as it is: `fetch` would tidy it up, and decompress what comes. */
function ask(target: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  const { port } = new URL(api.url);
  return new Promise((resolve, reject) => {
    httpRequest({ port, path: target, ...options }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    })
      .on('error', reject)
      .end();
  });
}

const script = async (): Promise<string> => {
  const page = (await ask('/')).body.toString();
  return /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? 'no script';
};

test('every page is the same document, asked for anew each time, under a policy without exceptions', async () => {
  const start = await ask('/');
  expect(start).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
  expect(start.headers['cache-control']).toBe('no-cache');
  const policy = String(start.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(start.body.toString()).not.toMatch(/<script>|<style|style=|\son\w+="|https?:\/\//);
  for (const page of ['/sign-in?next=/x', '/invitation', '/accounts/main/gateways/demo/logs?after=1', '/operator']) {
    const answer = await ask(page);
    expect({ page, status: answer.status, isSame: answer.body.equals(start.body) }).toEqual({
      page,
      status: 200,
      isSame: true,
    });
  }
});

test('what has its hash in its name is kept for ever, and comes compressed as the browser likes', async () => {
  const path = await script();
  const plain = await ask(path);
  expect(plain).toMatchObject({ status: 200, headers: { 'content-type': 'text/javascript; charset=utf-8' } });
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(plain.headers['content-encoding']).toBeUndefined();
  const brotli = await ask(path, { headers: { 'accept-encoding': 'gzip, deflate, br, zstd' } });
  expect(brotli.headers).toMatchObject({ 'content-encoding': 'br', vary: expect.stringContaining('accept-encoding') });
  expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
  const gzip = await ask(path, { headers: { 'accept-encoding': 'gzip, br;q=0' } });
  expect(gzip.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
});

test('what a browser has already is not sent again', async () => {
  const { headers } = await ask('/');
  const again = await ask('/', { headers: { 'if-none-match': String(headers['etag']) } });
  expect(again).toMatchObject({ status: 304, headers: { etag: headers['etag'] } });
  expect(again.body.length).toBe(0);
  expect((await ask('/', { headers: { 'if-none-match': '"another"' } })).status).toBe(200);
});

test('HEAD is answered as GET is, without a body; nothing else is answered', async () => {
  const head = await ask('/sign-in', { method: 'HEAD' });
  expect(head).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
  expect(head.body.length).toBe(0);
  for (const method of ['POST', 'PUT', 'DELETE']) expect((await ask('/sign-in', { method })).status).toBe(404);
});

test.each([
  ['/graphql', 405],
  ['/healthz', 200],
  ['/unknown', 404],
  ['/index.html', 404],
  ['/manifest.json', 404],
  ['/documents.json', 404],
  ['/assets/', 404],
  ['/assets/../../documents.json', 404],
  ['/assets/..%2f..%2fdocuments.json', 404],
  ['/..%5c..%5cpackage.json', 404],
  ['/%2e%2e/%2e%2e/package.json', 404],
  ['//etc/passwd', 200], // the start page: its first part is empty
  ['/assets/%00.js', 404],
  ['/Accounts/main', 404],
])('the path %s is no way to anything else', async (path, status) => {
  const answer = await ask(path);
  expect(answer.status).toBe(status);
  expect(answer.body.toString()).not.toMatch(/root:x:|"dependencies"|query \w+/);
});

test('every document of the dashboard is known by its hash, and no text of it is on the page', async () => {
  const { documents } = readDashboard(BUILT);
  expect(documents.size).toBeGreaterThan(5);
  const [hash] = [...documents].find(([, text]) => text.includes('signInOptions')) ?? ['none'];
  const answer = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ documentId: `sha256:${hash}`, variables: {} }),
  });
  expect(await answer.json()).toMatchObject({ data: { signInOptions: { isSignUpOpen: false } } });
  expect((await ask(await script())).body.toString()).not.toContain('createGateway(input');
});

test('a folder without a build is told at the start', () => {
  expect(() => readDashboard(`${BUILT}/nowhere`)).toThrow('npm run build');
  expect(readdirSync(BUILT)).toEqual(expect.arrayContaining(['site', 'documents.json']));
});
