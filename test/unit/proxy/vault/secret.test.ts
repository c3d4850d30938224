import { Writable } from 'node:stream';
import { format, inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Secret } from '../../../../proxy/vault/secret.js';

const CANARY = 'sk-canary-41d8';
const secret = new Secret(CANARY);

test('only reveal gives the value', () => {
  expect(secret.reveal()).toBe(CANARY);
});

test('a secret that is printed, joined, serialised, cloned or thrown shows nothing', () => {
  const shown = [
    String(secret),
    String.raw({ raw: ['Bearer ', ''] }, secret),
    [secret].join(),
    format('%s %o %O %j %d', secret, secret, secret, secret, secret),
    inspect({ deep: { secret } }, { showHidden: true, depth: 9, customInspect: true }),
    inspect(secret, { customInspect: false, showHidden: true }),
    JSON.stringify({ secret }),
    Object.entries(secret).join(),
    JSON.stringify(Object.assign({}, secret)),
    JSON.stringify(structuredClone(secret)),
    inspect(new Error('failed', { cause: secret })),
    encodeURIComponent(String(secret)),
  ];
  expect(shown.filter((text) => text.includes(CANARY))).toEqual([]);
  expect(shown[1]).toBe('Bearer [secret]');
  expect(shown[6]).toBe('{"secret":"[secret]"}');
});

test('a logger writes [secret], also within objects and errors', () => {
  let lines = '';
  const log = pino(new Writable({ write: (chunk, _encoding, done) => ((lines += String(chunk)), done()) }));
  log.error(
    { secret, deep: { list: [secret] }, err: new Error('failed', { cause: secret }) },
    'with %s %o',
    secret,
    secret,
  );
  expect(lines).toContain('[secret]');
  expect(lines).not.toContain(CANARY);
});
