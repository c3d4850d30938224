/** What an operator may set, docker-compose.yml hands on to the tier that reads it. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { API_VARIABLES } from '../../../api/config.js';
import { PROXY_VARIABLES } from '../../../proxy/config.js';

const service = z.object({ environment: z.record(z.string(), z.string()), stop_grace_period: z.string() });
const { services } = z
  .object({ services: z.object({ api: service, 'proxy-1': service, 'load-balancer': service.partial() }) })
  .parse(parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }));

/**
 * What only makes sense on one machine, is fixed by how the containers are wired, or names a file, which has to be
 * mounted.
 */
const NOT_IN_CONTAINERS = [
  'DATA_DIR',
  'DEMO',
  'DEMO_PROVIDER_ORIGIN',
  'API_METRICS_PORT',
  'METRICS_PORT',
  'PROXY_URL',
  'API_PORT',
  'PROXY_PORT',
  'GRAPHQL_DOCUMENTS',
];

test.each([
  ['api', services.api, API_VARIABLES],
  ['proxy', services['proxy-1'], PROXY_VARIABLES],
])('every variable that the %s reads can be set', (_, { environment }, variables) => {
  const settable = Object.keys(variables).filter((name) => !NOT_IN_CONTAINERS.includes(name));
  expect(settable.filter((name) => environment[name] === undefined)).toEqual([]);
});

test('no file is named that no container has', () => {
  expect(services.api.environment).not.toHaveProperty('GRAPHQL_DOCUMENTS');
});

test('nothing is killed while it finishes what runs', () => {
  expect(Object.values(services).map((each) => each.stop_grace_period)).toEqual(['60s', '60s', '60s']);
});
