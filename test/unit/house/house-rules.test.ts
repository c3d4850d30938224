import { expect, test } from '@jest/globals';
import { findBreaches } from '../../../scripts/check/house-rules.js';

const linesOf = (path: string, text: string): number[] => findBreaches(path, text).map((finding) => finding.line);

test('a file without a noun for a name is refused', () => {
  for (const path of ['api/utils.ts', 'proxy/helpers/x.ts', 'common.ts', 'platform/misc.mjs']) {
    expect(linesOf(path, 'export const x = 1;\n')).toEqual([1]);
  }
  expect(linesOf('api/common-name.ts', '')).toEqual([]);
});

test('only a module of the api and the migrations have an index.ts', () => {
  expect(linesOf('proxy/index.ts', '')).toEqual([1]);
  expect(linesOf('api/modules/gateway/index.ts', '')).toEqual([]);
  expect(linesOf('migrations/index.ts', '')).toEqual([]);
});

test('a type assertion without a reason is refused, with one on its line or above it is not', () => {
  expect(linesOf('a.ts', 'const x = y as Thing;')).toEqual([1]);
  expect(linesOf('a.ts', 'const x = y as Thing; // parsed above')).toEqual([]);
  expect(linesOf('a.ts', '// parsed above\nconst x = y as Thing;')).toEqual([]);
  expect(linesOf('a.ts', 'const x = f(y) as { a: 1 };')).toEqual([1]);
  expect(linesOf('a.ts', 'export const x = (y: unknown): string => y as string;')).toEqual([1]);
});

test('words that look like assertions in prose, imports and constants are none', () => {
  const harmless = [
    "import { a as B } from 'x';",
    "import {\n  a as B,\n  type c as D,\n} from 'x';",
    "export { a as B } from 'x';",
    "const s = 'known as Thing';",
    'const s = `known as Thing`;',
    '/* known as Thing */',
    'const t = [1] as const;',
  ];
  for (const line of harmless) expect(linesOf('a.ts', line)).toEqual([]);
});

test('a comment is no wider than code', () => {
  const words = 'w'.repeat(118);
  for (const begin of ['//', ' *', '/*']) expect(linesOf('a.ts', `${begin} ${words}`)).toEqual([1]);
  expect(linesOf('a.ts', ` * ${words.slice(1)}`)).toEqual([]);
  expect(linesOf('a.ts', `const text = '${words}';`)).toEqual([]);
  expect(linesOf('migrations/a.ts', `// ${words}`)).toEqual([]);
});

test('a suppressed rule needs a reason', () => {
  expect(linesOf('a.ts', '// oxlint-disable-next-line no-console')).toEqual([1]);
  expect(linesOf('a.ts', '// oxlint-disable-next-line no-console -- the start script speaks to people')).toEqual([]);
});

test('a test that sleeps is refused, a source that waits is not', () => {
  const sleeping = 'await new Promise((resolve) => setTimeout(resolve, 10));';
  expect(linesOf('test/unit/a.test.ts', sleeping)).toEqual([1]);
  expect(linesOf('test/unit/a.test.ts', "import { setTimeout } from 'node:timers/promises';")).toEqual([1]);
  expect(linesOf('platform/a.ts', sleeping)).toEqual([]);
});

test('a test without a body is refused', () => {
  expect(linesOf('test/unit/a.test.ts', "test.todo('works');")).toEqual([1]);
});

test('star exports and prefixed interfaces are refused', () => {
  expect(linesOf('a.ts', "export * from './b.js';\ninterface IThing {}")).toEqual([1, 2]);
});

test('T-SSRF-5: nothing dials but the files of the guarded pools', () => {
  const dialling = [
    'await fetch(url);',
    'const get = globalThis.fetch;',
    'http.request(url);',
    'https.get(url);',
    'net.connect(80);',
    'tls.connect({});',
    'new WebSocket(url);',
    "import { Pool } from 'undici';",
    "} from 'undici';",
    "import { lookup } from 'node:dns/promises';",
    "import { connect } from 'node:net';",
    "import { Socket, isIP } from 'node:net';",
    "import { request } from 'node:http';",
    "import http from 'node:http';",
    "import * as net from 'node:net';",
    "import tls from 'tls';",
  ];
  for (const line of dialling) {
    for (const path of [
      'proxy/stages/forward.ts',
      'api/modules/x/x.service.ts',
      'platform/a.ts',
      'proxy/upstream/new.ts',
    ])
      expect({ line, lines: linesOf(path, line) }).toEqual({ line, lines: [1] });
    expect(linesOf('proxy/upstream/socket-steps.ts', line)).toEqual([]);
  }
  const harmless = [
    "import type { Dispatcher } from 'undici';",
    "import { isIP, BlockList } from 'node:net';",
    "import { createServer, type Server } from 'node:http';",
    'this.tokens.fetch(key);',
    'private async fetch(json: string) {',
    'prefetch(key);',
  ];
  for (const line of harmless) expect({ line, lines: linesOf('proxy/a.ts', line) }).toEqual({ line, lines: [] });
});
