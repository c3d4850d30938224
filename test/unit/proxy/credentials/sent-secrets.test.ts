import { expect, test } from '@jest/globals';
import { clientSecrets } from '../../../../proxy/credentials/sent-secrets.js';
import type { UpstreamCall } from '../../../../proxy/exchange.js';
import { arrivalOf, providerOf } from '../../../support/credentialed-call.js';

const callWith = (...headers: string[]): UpstreamCall => {
  const provider = providerOf({ credentialHeaders: ['authorization'], credentialParameters: ['key'] });
  return { target: { provider }, headers } as unknown as UpstreamCall; // all that is read of it
};

test("a client's secrets are its credentials in headers and query, and those for whom the provider asks on", () => {
  const call = callWith(
    'Authorization',
    'Bearer sk-own-one',
    'x-other',
    'no-secret',
    'X-Anthropic-Api-Key',
    'sk-ant-two',
  );
  expect(clientSecrets(call, arrivalOf({ query: '?key=in-the-query&a=no-secret' }))).toEqual([
    'Bearer sk-own-one',
    'sk-own-one',
    'sk-ant-two',
    'in-the-query',
  ]);
});
