import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createNameLookup, type NameLookup } from '../../../proxy/upstream/name-lookup.js';
import { makeDataDir } from '../../support/data-dir.js';
import { startNameServer, type NameServer } from '../../support/name-server.js';

let ignorant: NameServer;
const asked: string[] = [];
let lookup: NameLookup;

beforeAll(async () => {
  ignorant = await startNameServer(() => ({ addresses: [] }));
  const hostsFile = path.join(makeDataDir('hosts'), 'hosts');
  writeFileSync(
    hostsFile,
    '# fd00::9 not.example\n10.0.0.1\tModel.example model # one\n\nfd00::1 model.example\nnonsense model.example\n',
  );
  const lookupShort: NameLookup = (name) => {
    asked.push(name);
    return Promise.resolve([{ address: '10.0.0.2', family: 4 }]);
  };
  lookup = createNameLookup({ servers: [ignorant.server], privateNames: { hostsFile, lookupShort } });
});
afterAll(() => ignorant.close());

test('a private name that no server knows is found in the hosts file, with all its addresses', async () => {
  expect(await lookup('model.example')).toEqual([
    { address: '10.0.0.1', family: 4 },
    { address: 'fd00::1', family: 6 },
  ]);
  expect(await lookup('model')).toEqual([{ address: '10.0.0.1', family: 4 }]);
  await expect(lookup('not.example')).rejects.toThrow();
});

test('only a name without a dot is asked of the system, whose threads a tenant’s silent server could keep', async () => {
  asked.length = 0;
  expect(await lookup('ollama')).toEqual([{ address: '10.0.0.2', family: 4 }]);
  for (const name of ['silent.example', 'ollama.silent.example', 'a.b']) {
    await expect(lookup(name)).rejects.toThrow();
  }
  expect(asked).toEqual(['ollama']);
});

test('without private names, nothing but name servers is asked', async () => {
  const publicLookup = createNameLookup({ servers: [ignorant.server], privateNames: null });
  for (const name of ['localhost', 'model.example', 'ollama']) await expect(publicLookup(name)).rejects.toThrow();
});
