import { isIPv4 } from 'node:net';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isInside } from '../../../../../api/modules/api-token/cidr.js';
import { whyBeyond, type Grant } from '../../../../../api/modules/api-token/grant-bounds.js';
import { PERMISSIONS } from '../../../../../schema/contracts/permissions.js';
import { propertyRuns } from '../../../../support/test-size.js';

const GATEWAYS = ['red', 'green', 'blue'];
const NETWORKS = [
  '0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.3', '192.0.2.0/24', '::/0', '2001:db8::/32',
  '2001:db8:1::/48', '::ffff:10.1.2.3', '::ffff:0.0.0.0/96',
]; // prettier-ignore
const ADDRESSES = ['10.1.2.3', '10.1.9.9', '10.200.0.1', '192.0.2.7', '198.51.100.1', '2001:db8:1::5', '2001:db8:2::5'];
const TIMES = [1, 2, 3, 4].map((hour) => new Date(hour * 3_600_000));

const some = <T>(all: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...all], { minLength: 1 });
const grants: fc.Arbitrary<Grant> = fc.record({
  permissions: some(PERMISSIONS),
  gatewayIds: fc.option(some(GATEWAYS)),
  cidrs: fc.option(some(NETWORKS)),
  expiresAt: fc.option(fc.constantFrom(...TIMES)),
});

/** Whether a token of this grant may do one thing at one gateway, from one address, at one time. */
function allows(grant: Grant, of: { permission: string; gateway: string; ip: string; atMs: number }): boolean {
  return (
    grant.permissions.some((permission) => permission === of.permission) &&
    (grant.gatewayIds === null || grant.gatewayIds.includes(of.gateway)) &&
    (grant.cidrs === null || isInside(of.ip, grant.cidrs)) &&
    (grant.expiresAt === null || grant.expiresAt.getTime() > of.atMs)
  );
}

const requests = fc.record({
  permission: fc.constantFrom(...PERMISSIONS),
  gateway: fc.constantFrom(...GATEWAYS),
  ip: fc.oneof(fc.constantFrom(...ADDRESSES), fc.ipV4()),
  atMs: fc.constantFrom(...TIMES.map((time) => time.getTime() - 1), 5 * 3_600_000),
});

test('T-TOK-3 whatever a token may do that was granted, whoever granted it may do', () => {
  const seen = { within: 0, allowed: 0 };
  fc.assert(
    fc.property(grants, grants, fc.array(requests, { minLength: 20, maxLength: 20 }), (wanted, held, asked) => {
      if (whyBeyond(wanted, held) !== null) return;
      seen.within += 1;
      for (const request of asked) {
        if (!allows(wanted, request)) continue;
        seen.allowed += 1;
        expect({ request, allowed: allows(held, request) }).toEqual({ request, allowed: true });
      }
    }),
    { ...propertyRuns, numRuns: propertyRuns.numRuns * 20 },
  );
  expect(seen.within).toBeGreaterThan(20); // or nothing was looked at
  expect(seen.allowed).toBeGreaterThan(0);
});

test('T-TOK-3 a grant is within itself, and what is granted on is within the first of all', () => {
  fc.assert(
    fc.property(grants, grants, grants, (a, b, c) => {
      expect(whyBeyond(a, a)).toBeNull();
      if (whyBeyond(a, b) === null && whyBeyond(b, c) === null) expect(whyBeyond(a, c)).toBeNull();
    }),
    propertyRuns,
  );
});

test('T-TOK-3 one more permission, gateway, network, or a later end is beyond', () => {
  fc.assert(
    fc.property(grants, (held) => {
      const wider: Grant[] = PERMISSIONS.filter((permission) => !held.permissions.includes(permission)).map(
        (permission) => ({ ...held, permissions: [...held.permissions, permission] }),
      );
      if (held.gatewayIds !== null) {
        wider.push({ ...held, gatewayIds: null }, { ...held, gatewayIds: [...held.gatewayIds, 'yellow'] });
      }
      if (held.cidrs !== null) {
        const added = held.cidrs.some(isIPv4Network) ? '2001:db9::/32' : '198.51.100.0/24';
        wider.push({ ...held, cidrs: null });
        if (!held.cidrs.some((cidr) => cidr.endsWith('/0'))) wider.push({ ...held, cidrs: [...held.cidrs, added] });
      }
      if (held.expiresAt !== null) {
        wider.push({ ...held, expiresAt: null }, { ...held, expiresAt: new Date(held.expiresAt.getTime() + 1) });
      }
      for (const wanted of wider) expect({ wanted, why: whyBeyond(wanted, held) }).not.toEqual({ wanted, why: null });
    }),
    propertyRuns,
  );
});

const isIPv4Network = (cidr: string): boolean => isIPv4(cidr.split('/')[0] ?? '');
