/**
 * The dashboard as it was built: read once at start and served out of memory, so that nothing of a request's path ever
 * reaches the file system. Hashed files stay with browsers for a year; the page itself is asked for each time.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Request, RequestHandler } from 'express';
import { readManifest, type DocumentManifest } from '../graphql/persisted-documents.js';

/** No `unsafe-*`: no script, style or connection but those of this origin. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** The first part of every page's path (dashboard/src/app.tsx); any other path stays what it is. */
const PAGES: ReadonlySet<string> = new Set([
  '',
  'sign-in',
  'sign-up',
  'invitation',
  'reset-password',
  'profile',
  'accounts',
  'operator',
]);

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface Variant {
  readonly body: Buffer;
  readonly etag: string;
}

interface DashboardFile {
  readonly type: string;
  readonly cacheControl: string;
  readonly plain: Variant;
  /** null: the build found that it would not be smaller */
  readonly brotli: Variant | null;
  readonly gzip: Variant | null;
}

export interface Dashboard {
  readonly page: DashboardFile;
  /** by path */
  readonly files: ReadonlyMap<string, DashboardFile>;
  /** what its pages send, named by hash */
  readonly documents: DocumentManifest;
}

/** `folder`: what scripts/build-dashboard.mjs made. Throws when it is not there. */
export function readDashboard(folder: string): Dashboard {
  const site = path.join(folder, 'site');
  if (!existsSync(site)) throw new Error(`There is no dashboard in ${folder}: run \`npm run build\``);
  const names = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((name) => path.extname(name) in TYPES);
  const files = new Map(names.map((name) => [`/${name.split(path.sep).join('/')}`, readFile(path.join(site, name))]));
  const page = files.get('/index.html');
  if (page === undefined) throw new Error(`The dashboard in ${folder} has no index.html`);
  files.delete('/index.html');
  return { page, files, documents: readManifest(path.join(folder, 'documents.json')) };
}

/** Answers GET and HEAD of its files and pages. */
export function serveDashboard({ page, files }: Dashboard): RequestHandler {
  return (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const file = files.get(request.path) ?? (isPage(request.path) ? page : undefined);
    if (file === undefined) return next();
    const [encoding, { body, etag }] = chosenVariant(file, request);
    response.set({
      'content-security-policy': POLICY,
      'content-type': file.type,
      'cache-control': file.cacheControl,
      vary: 'accept-encoding',
      etag,
    });
    if (encoding !== null) response.set('content-encoding', encoding);
    return void response.send(body); // 304 when the browser has it
  };
}

const isPage = (requestPath: string): boolean => PAGES.has(requestPath.split('/', 2)[1] ?? '');

/** Brotli before gzip, whichever a browser names first. */
function chosenVariant({ plain, brotli, gzip }: DashboardFile, request: Request): [string | null, Variant] {
  if (brotli !== null && request.acceptsEncodings('br') === 'br') return ['br', brotli];
  if (gzip !== null && request.acceptsEncodings('gzip') === 'gzip') return ['gzip', gzip];
  return [null, plain];
}

function readFile(file: string): DashboardFile {
  const isHashed = path.basename(path.dirname(file)) === 'assets'; // vite's folder of hashed names
  return {
    type: TYPES[path.extname(file)] ?? 'application/octet-stream',
    cacheControl: isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    plain: variantOf(readFileSync(file)),
    brotli: compressed(`${file}.br`),
    gzip: compressed(`${file}.gz`),
  };
}

const compressed = (file: string): Variant | null => (existsSync(file) ? variantOf(readFileSync(file)) : null);

const variantOf = (body: Buffer): Variant => ({
  body,
  etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
});
