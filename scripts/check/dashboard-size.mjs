// What a browser loads before it shows a page of the dashboard stays small.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/** Of the first page, gzipped: its scripts and styles, those that it loads by itself included. */
const FIRST_PAGE_BYTES_MAX = 150_000;
/** The pages that somebody may come to first: with what is loaded for each beside the entry. */
const FIRST_PAGES = [
  'src/pages/sign-in/page.tsx',
  'src/pages/account-home/page.tsx',
  'src/pages/gateway-overview/page.tsx',
];

export function dashboardSize(root) {
  const site = path.join(root, 'dist/dashboard/site');
  const manifest = JSON.parse(readFileSync(path.join(site, 'manifest.json'), 'utf8'));
  const sizes = FIRST_PAGES.map((page) => {
    const files = new Set();
    for (const entry of ['index.html', page]) addFiles(manifest, entry, files);
    return [...files].reduce(
      (sum, file) => sum + gzipSync(readFileSync(path.join(site, file)), { level: 9 }).length,
      0,
    );
  });
  const largest = Math.max(...sizes);
  const note = `${(largest / 1_000).toFixed(1)} kB gzipped of ${FIRST_PAGE_BYTES_MAX / 1_000}`;
  return { passed: largest <= FIRST_PAGE_BYTES_MAX, output: `the first page is ${note}`, note };
}

function addFiles(manifest, key, files) {
  const chunk = manifest[key];
  if (chunk === undefined) throw new Error(`the dashboard's bundle has no ${key}`);
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const file of chunk.css ?? []) files.add(file);
  for (const imported of chunk.imports ?? []) addFiles(manifest, imported, files);
}
