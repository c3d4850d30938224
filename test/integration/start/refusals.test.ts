import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { listen } from '../../../platform/listen.js';
import { makeDataDir } from '../../support/data-dir.js';
import { startTollgate } from '../../support/start.js';

async function refusal(env: NodeJS.ProcessEnv): Promise<string> {
  const start = await startTollgate({ DATA_DIR: makeDataDir(), ...env });
  expect(await start.ended).toBe(1);
  return start.output();
}

test('a DATABASE_URL that nobody answers is named without its password, with the reason', async () => {
  const output = await refusal({ DATABASE_URL: 'postgresql://me:secret@127.0.0.1:1/db' });
  expect(output).toContain(
    'DATABASE_URL cannot be used: tried postgresql://me:***@127.0.0.1:1/db: connect ECONNREFUSED',
  );
  expect(output).not.toContain('secret');
});

test('a REDIS_URL that nobody answers is named without its password, with the reason', async () => {
  const output = await refusal({ REDIS_URL: 'redis://:secret@127.0.0.1:1' });
  expect(output).toContain('REDIS_URL cannot be used: tried redis://:***@127.0.0.1:1: connect ECONNREFUSED');
  expect(output).not.toContain('secret');
});

test('a taken port is named, with the variable that chooses another', async () => {
  const other = createServer();
  const port = await listen(other, { host: '127.0.0.1', port: 0, name: 'other', variable: 'none' });
  const output = await refusal({ PROXY_PORT: String(port) });
  expect(output).toContain(`The proxy cannot listen on 127.0.0.1:${port}: another program has that port.`);
  expect(output).toContain('Choose another port with PROXY_PORT');
  other.close();
});

test('every bad variable is named at once', async () => {
  const output = await refusal({ API_PORT: 'four thousand', DEMO: 'maybe' });
  expect(output).toMatch(/API_PORT: .*\n.*DEMO: /);
});

test('in production the secrets must be set, and none is made up', async () => {
  const output = await refusal({ NODE_ENV: 'production' });
  expect(output).toContain('SECRET_KEY must be set in production');
  expect(output).toContain('TOKEN_PEPPER must be set in production');
  expect(output).toContain('VAULT_PUBLIC_KEY must be set in production (`npm run vault -- new-keys` makes a pair)');
  expect(output).toContain('VAULT_PRIVATE_KEY must be set in production');
});
