import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCanary, type Canary } from '../../support/canary.js';
import { startRig, type Rig } from '../../support/rig.js';
import { usageRecords } from '../../support/usage-records.js';

let rig: Rig;
let canary: Canary;
beforeAll(async () => {
  canary = await startCanary();
  rig = await startRig({ ALLOW_PRIVATE_UPSTREAMS: '127.0.0.0/8' });
});
afterAll(async () => {
  await rig.stop();
  await canary.close();
});

test('T-SSRF-3: a redirect of any code, to any scheme, host or port, is passed back as it is and never followed', async () => {
  const tenant = await rig.tenant();
  await tenant.customProvider({ slug: 'mine', baseUrl: rig.upstream.origin });
  const locations = [
    `http://127.0.0.1:${canary.port}/latest/meta-data/`, `https://127.0.0.1:${canary.port}/`, `//127.0.0.1:${canary.port}/`,
    `http://localhost:${canary.port}/`, `${rig.upstream.origin}/again`, '/again', 'file:///etc/passwd', 'gopher://127.0.0.1/_',
  ]; // prettier-ignore
  let calls = 0;
  for (const provider of ['custom-mine', 'openai']) {
    for (const code of [300, 301, 302, 303, 305, 307, 308]) {
      for (const location of locations) {
        rig.upstream.answer = (_request, response) => void response.writeHead(code, { location }).end();
        const answer = await fetch(`${tenant.base}/${provider}/x`, { method: 'POST', body: '{}', redirect: 'manual' });
        calls += 1;
        expect({ status: answer.status, location: answer.headers.get('location') }).toEqual({ status: code, location });
      }
    }
  }
  expect(rig.upstream.seen).toHaveLength(calls);
  expect(canary.connects).toBe(0);
});

test('a call that was sent elsewhere did nothing that a provider bills', async () => {
  const tenant = await rig.tenant();
  rig.upstream.answer = (_request, response) => void response.writeHead(307, { location: '/again' }).end();
  await fetch(`${tenant.base}/openai/images/generations`, { method: 'POST', body: '{}', redirect: 'manual' });
  const [row] = await usageRecords(rig.proxy.owner, tenant.accountId, 1);
  expect(row).toMatchObject({ status_code: 307, cost_status: 'NOT_BILLABLE', cost_pico: '0' });
});
