import { isIP } from 'node:net';
import type { LookupAddress } from 'node:dns';
import { expect, test } from '@jest/globals';
import { GatewayError } from '../../../../proxy/gateway-error.js';
import { AddressGuard } from '../../../../proxy/upstream/address-guard.js';
import type { NameLookup } from '../../../../proxy/upstream/name-lookup.js';
import { OwnAddresses } from '../../../../proxy/upstream/own-addresses.js';
import { networkListSchema } from '../../../../schema/contracts/networks.js';
import { blockedHosts } from '../../../support/address-forms.js';
import { TEST_SIZE } from '../../../support/test-size.js';

const PUBLIC: LookupAddress = { address: '198.41.0.4', family: 4 };
const PUBLIC_6: LookupAddress = { address: '2606:4700::1111', family: 6 };
const never = new AbortController().signal;

const entry = (address: string): LookupAddress => ({ address, family: isIP(address) });

function guardOf(lookup: NameLookup, allowed = '', stores: { hostname: string; port: number }[] = []): AddressGuard {
  const own = new OwnAddresses({
    listenerPorts: () => [8787],
    stores,
    lookup: (name) => (name === 'db.internal' ? Promise.resolve([PUBLIC]) : Promise.reject(new Error('unknown'))),
  });
  return new AddressGuard({ lookup, allowed: networkListSchema.parse(allowed), own });
}

const nowhere: NameLookup = () => Promise.reject(new Error('no such name'));

function addressesOf(
  guard: AddressGuard,
  hostname: string,
  port = 443,
  mustBeAllowed = false,
): Promise<readonly LookupAddress[]> {
  return guard.addressesOf({ hostname, port, who: 'the provider', mustBeAllowed }, never);
}

const refusal = async (promise: Promise<unknown>): Promise<GatewayError> => {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GatewayError)) throw new Error('it was not refused', { cause: error });
  return error;
};

test('T-SSRF-1: no way of writing an address that is not public gets past the guard', async () => {
  const hosts = blockedHosts();
  // The worst resolver there is reads what is no address as the one that was meant.
  const guard = guardOf(() => Promise.resolve([entry('127.0.0.1')]));
  let literals = 0;
  const refusals: unknown[] = [];
  for (const host of hosts) {
    if (!URL.canParse(`https://${host}/v1`)) continue;
    const hostname = new URL(`https://${host}/v1`).hostname.replace(/^\[|\]$/g, '');
    if (isIP(hostname) !== 0) literals += 1;
    const { code, status } = (await refusal(addressesOf(guard, hostname))).definition;
    refusals.push({ host, code, status, refused: guard.refused });
  }
  expect(refusals).toEqual(
    hosts
      .filter((host) => URL.canParse(`https://${host}/v1`))
      .map((host, i) => ({ host, code: 2005, status: 502, refused: i + 1 })),
  );
  expect(hosts.length).toBeGreaterThan(1_000);
  expect(literals).toBeGreaterThan(800);
  process.stdout.write(`T-SSRF-1: ${hosts.length} forms, of which ${literals} are addresses once parsed\n`);
});

test('T-SSRF-1: the same forms are refused when a name leads to them, beside public addresses or alone', async () => {
  let answers: LookupAddress[] = [];
  const guard = guardOf(() => Promise.resolve(answers));
  for (const host of blockedHosts()) {
    const address = URL.canParse(`https://${host}`) ? new URL(`https://${host}`).hostname.replace(/^\[|\]$/g, '') : '';
    if (isIP(address) === 0) continue;
    const mixed = [[entry(address)], [PUBLIC, entry(address)], [PUBLIC, PUBLIC_6, entry(address)]];
    for (answers of mixed) await refusal(addressesOf(guard, 'a.example'));
  }
  answers = [PUBLIC, PUBLIC_6];
  expect(await addressesOf(guard, 'a.example')).toEqual([PUBLIC, PUBLIC_6]);
});

test('T-SSRF-2: a name that flips between answers leads to what was checked, or nowhere', async () => {
  const answers = [[PUBLIC], [entry('127.0.0.1')], [PUBLIC_6, entry('::1')], [PUBLIC, entry('169.254.169.254')]];
  let asked = 0;
  const guard = guardOf(() => Promise.resolve(answers[asked++ % answers.length] ?? []));
  const rounds = TEST_SIZE === 'full' ? 100_000 : 2_000;
  let passed = 0;
  const dialled = new Set<LookupAddress>();
  for (let round = 0; round < rounds; round += 1) {
    const outcome = await addressesOf(guard, 'flip.example').catch(() => null);
    if (outcome === null) continue;
    passed += 1;
    for (const address of outcome) dialled.add(address);
  }
  expect([...dialled]).toEqual([PUBLIC]);
  // One look-up a connection: what was checked is what is dialled, and there is no second answer to be given.
  expect({ asked, passed, refused: guard.refused }).toEqual({
    asked: rounds,
    passed: rounds / 4,
    refused: (rounds * 3) / 4,
  });
});

test('a refusal tells neither the address nor what stands there; a name that leads nowhere is told apart', async () => {
  const refused = await refusal(
    addressesOf(
      guardOf(() => Promise.resolve([entry('10.1.2.3')])),
      'a.example',
    ),
  );
  expect(refused.description).toBe('the provider may not be reached at its address');
  const unknown = await refusal(addressesOf(guardOf(nowhere), 'a.example'));
  expect(unknown.description).toBe("the provider's name could not be resolved");
  await refusal(
    addressesOf(
      guardOf(() => Promise.resolve([])),
      'a.example',
    ),
  );
});

test('allowed networks are the only exception, and the only place for plain http', async () => {
  const lookup: NameLookup = () => Promise.resolve([entry('10.1.2.3')]);
  expect(await addressesOf(guardOf(lookup, '10.1.0.0/16'), 'a.example', 80, true)).toHaveLength(1);
  await refusal(addressesOf(guardOf(lookup, '10.2.0.0/16'), 'a.example', 80, true));
  await refusal(
    addressesOf(
      guardOf(() => Promise.resolve([PUBLIC]), '10.1.0.0/16'),
      'a.example',
      80,
      true,
    ),
  );
  await refusal(
    addressesOf(
      guardOf(() => Promise.resolve([entry('fe80::1%eth0')]), '::/0'),
      'a.example',
    ),
  );
});

test("the instance's own ports are refused on any address of the machine, whatever is allowed", async () => {
  const guard = guardOf(nowhere, '127.0.0.0/8,::/0', [{ hostname: '127.0.0.1', port: 5432 }]);
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
    await refusal(addressesOf(guard, address, 8787));
    await refusal(addressesOf(guard, address, 5432));
    expect(await addressesOf(guard, address, 11434)).toHaveLength(1);
  }
});

test('Postgres and Redis are refused at public addresses too, found by their names', async () => {
  const guard = guardOf(() => Promise.resolve([PUBLIC]), '', [
    { hostname: 'db.internal', port: 5432 },
    { hostname: 'gone.internal', port: 6379 },
  ]);
  await refusal(addressesOf(guard, 'a.example', 5432));
  expect(await addressesOf(guard, 'a.example', 6379)).toEqual([PUBLIC]);
});

test('a look-up that takes too long ends with its signal', async () => {
  const controller = new AbortController();
  const guard = guardOf(() => new Promise(() => undefined));
  const waiting = guard.addressesOf(
    { hostname: 'a.example', port: 443, who: 'it', mustBeAllowed: false },
    controller.signal,
  );
  controller.abort(new Error('time is up'));
  await expect(waiting).rejects.toThrow('time is up');
});

test('a name server that is silent about the stores holds up nothing beyond the time of connecting', async () => {
  const own = new OwnAddresses({
    listenerPorts: () => [],
    stores: [{ hostname: 'db.internal', port: 5432 }],
    lookup: () => new Promise(() => undefined),
  });
  const guard = new AddressGuard({ lookup: nowhere, allowed: networkListSchema.parse(''), own });
  const endpoint = { hostname: PUBLIC.address, port: 443, who: 'the provider', mustBeAllowed: false };
  const controller = new AbortController();
  const outcome = guard.addressesOf(endpoint, controller.signal);
  controller.abort(new Error('the time is up'));
  await expect(outcome).rejects.toThrow('the time is up');
});
