import { statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { instanceSecrets } from '../../../platform/instance-secrets.js';
import { makeDataDir } from '../../support/data-dir.js';

const GIVEN = { SECRET_KEY: 'k'.repeat(32), TOKEN_PEPPER: 'p'.repeat(32) };

test('outside production missing secrets are made once, differ, and only this user can read them', () => {
  const dataDir = makeDataDir();
  const first = instanceSecrets({ given: {}, dataDir, isProduction: false });
  expect(instanceSecrets({ given: {}, dataDir, isProduction: false })).toEqual(first);
  expect(first.SECRET_KEY).not.toBe(first.TOKEN_PEPPER);
  expect(statSync(path.join(dataDir, 'secret-key')).mode & 0o777).toBe(0o600);
});

test('given secrets win over kept ones', () => {
  const dataDir = makeDataDir();
  instanceSecrets({ given: {}, dataDir, isProduction: false });
  expect(instanceSecrets({ given: GIVEN, dataDir, isProduction: false })).toEqual(GIVEN);
});

test('production makes up nothing, and names everything that is missing or too short', () => {
  const attempt = (): unknown =>
    instanceSecrets({ given: { SECRET_KEY: 'short' }, dataDir: '/nowhere', isProduction: true });
  expect(attempt).toThrow(/SECRET_KEY has fewer than 32 characters\n.*TOKEN_PEPPER must be set in production/);
});
