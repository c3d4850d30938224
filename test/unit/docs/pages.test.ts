/** Pages that people read: their links lead somewhere, and the first one stays short. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const pagesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));

const PAGES = [...pagesIn('.'), ...pagesIn('docs'), ...pagesIn('docs/decisions')];

/** Anchors as renderers make them from headings. */
function anchorsOf(page: string): string[] {
  const headings = readFileSync(page, 'utf8').matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function brokenLinks(page: string): string[] {
  const links = readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g);
  return [...links].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    const isFound = existsSync(target) && (anchor === undefined || anchorsOf(target).includes(anchor));
    return isFound ? [] : [`${page}: ${link}`];
  });
}

test('every link between pages leads to a file and a heading that exist', () => {
  expect(PAGES.flatMap(brokenLinks)).toEqual([]);
  expect(PAGES.length).toBeGreaterThan(6);
});

test('the README stays within 120 lines', () => {
  expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThanOrEqual(121);
});

test('every file and folder that the README points to exists', () => {
  const paths = readFileSync('README.md', 'utf8').matchAll(/`((?:[a-z-]+\/)+(?:[\w.-]+\.(?:ts|md|graphql))?)`/g);
  const missing = [...paths].map(([, path = '']) => path).filter((path) => !existsSync(path));
  expect(missing).toEqual([]);
});

test('decision records are numbered without gaps and say context, decision and consequences', () => {
  const names = readdirSync('docs/decisions').toSorted();
  expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_name, index) => index + 1));
  for (const name of names) {
    const text = readFileSync(`docs/decisions/${name}`, 'utf8');
    for (const part of ['**Context.**', '**Decision.**', '**Consequences.**']) expect(text).toContain(part);
  }
});
