/** What the api tells Prometheus: how often each of its bounds was reached. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createMetricsServer } from '../../../platform/metrics.js';
import { listen } from '../../../platform/listen.js';
import { poolOf } from '../../../schema/data-source.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller } from '../../support/graphql.js';
import { subscribeBySse } from '../../support/subscriber.js';
import { createTenant } from '../../support/tenant.js';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

async function values(): Promise<Map<string, number>> {
  const server = createMetricsServer(api.api.metrics);
  const port = await listen(server, { host: '127.0.0.1', port: 0, name: 'metrics', variable: 'API_METRICS_PORT' });
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  server.closeAllConnections();
  server.close();
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

test('every bound has a counter, and none was reached in the beginning', async () => {
  const fresh = await startTestApi({}, undefined, undefined, api);
  const text = await fresh.api.metrics.metrics();
  const own = [...text.matchAll(/^(tollgate_api_(?!process|nodejs)\w+) (\d+)$/gm)].map(([, name, value]) => [
    name,
    value,
  ]);
  expect(Object.fromEntries(own)).toEqual({
    tollgate_api_exports_refused_total: '0',
    tollgate_api_exports_stuck_total: '0',
    tollgate_api_subscribers_refused_total: '0',
    tollgate_api_subscribers_stuck_total: '0',
    tollgate_api_subscribers_idle_total: '0',
    tollgate_api_log_bodies_refused_total: '0',
    tollgate_api_log_tails_refused_total: '0',
    tollgate_api_log_tails_slow_total: '0',
    tollgate_api_recalculations_refused_total: '0',
    tollgate_api_connections_refused_total: '0',
    tollgate_api_insights_partial_total: '0',
    tollgate_api_insights_slow_total: '0',
    tollgate_api_sign_ins_refused_total: '0',
    tollgate_api_sign_ins_counted_alone_total: '0',
    tollgate_api_sign_ins_forgotten_total: '0',
    tollgate_api_sessions_crowded_out_total: '0',
    tollgate_api_subscriber_connections: '0',
    tollgate_api_log_tails: '0',
  });
  await fresh.stop();
});

test('operations that are refused at the entrance are counted by their code', async () => {
  const name = 'tollgate_api_operations_refused_total{code="QUERY_TOO_COMPLEX"}';
  const before = (await values()).get(name) ?? 0;
  const long = `{ ${'__typename '.repeat(2_001)} }`;
  (await graphqlCaller(api.url, null)(long)).expectError('QUERY_TOO_COMPLEX');
  expect((await values()).get(name)).toBe(before + 1);
});

test('an operation for which no connection to Postgres is free in time is refused, and counted', async () => {
  const name = 'tollgate_api_connections_refused_total';
  const { dataSource } = api.api.services.database;
  const runners = Array.from({ length: 4 }, () => dataSource.createQueryRunner());
  const before = (await values()).get(name) ?? 0;
  await Promise.all(runners.map((runner) => runner.connect()));
  const { options } = poolOf(dataSource);
  const { connectionTimeoutMillis: patienceMs } = options;
  options.connectionTimeoutMillis = 100;
  try {
    const answer = await graphqlCaller(api.url, `tgs_${'a'.repeat(43)}`)('{ viewer { isOperator } }');
    answer.expectError('RATE_LIMITED');
  } finally {
    Object.assign(options, { connectionTimeoutMillis: patienceMs });
    await Promise.all(runners.map((runner) => runner.release()));
  }
  expect((await values()).get(name)).toBe(before + 1);
});

test('subscribers are told while they are there', async () => {
  const tenant = await createTenant(api.owner);
  const token = await tenant.apiToken({ permissions: ['AI_GATEWAY_READ'] });
  const query = 'subscription($id: ID!) { logs(gatewayId: $id) { cursor node { id } } }';
  const subscriber = await subscribeBySse(api.url, token, { query, variables: { id: await tenant.gateway('main') } });
  expect((await values()).get('tollgate_api_subscriber_connections')).toBe(1);
  await subscriber.stop();
});
