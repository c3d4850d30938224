/** Text that has broken programs: the Big List of Naughty Strings, and what it lacks. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export const NAUGHTY_STRINGS: readonly string[] = [
  ...z.array(z.string()).parse(JSON.parse(readFileSync('test/fixtures/naughty-strings/blns.json', 'utf8'))),
  'a\u0000b',
  '\ud800',
  'a\udfffb',
  '\ufeff',
  '\r\n\t',
];
