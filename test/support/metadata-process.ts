/**
 * A process in a network namespace of its own, on whose loopback the addresses of clouds' metadata services are: it
 * tries every way to them that a tenant has, then the operator's, and prints as JSON who got there.
 */
import { createDispatchers } from '../../proxy/upstream/dispatchers.js';
import { networkListSchema } from '../../schema/contracts/networks.js';
import { blockedHosts } from './address-forms.js';
import { startCanary } from './canary.js';
import { builtIn, call, custom } from './dispatched-call.js';

export interface MetadataReport {
  /** calls that a tenant could make */
  readonly tenantCalls: number;
  readonly tenantConnects: number;
  /** what they were answered, each once */
  readonly answers: readonly string[];
  /** of one call to an origin of the operator's table */
  readonly operatorConnects: number;
}

const METADATA = '169.254.169.254';
/** Amazon's, by IPv6 */
const METADATA_6 = 'fd00:ec2::254';
const PLACES = [
  { host: METADATA, port: 80 },
  { host: METADATA, port: 443 },
  { host: METADATA_6, port: 80 },
];

/** As hosts of URLs: every way to write the two, and names that lead to them. */
function ways(): string[] {
  const literals = blockedHosts().filter((host) => {
    if (!URL.canParse(`http://${host}`)) return false;
    const { hostname } = new URL(`http://${host}`);
    return hostname === METADATA || hostname.includes('a9fe:a9fe') || hostname === `[${METADATA_6}]`;
  });
  return [...literals, 'metadata.google.internal', 'rebind.example'];
}

async function report(): Promise<MetadataReport> {
  const canaries = await Promise.all(PLACES.map(startCanary));
  const connects = (): number => canaries.reduce((sum, canary) => sum + canary.connects, 0);
  const dispatchers = createDispatchers({
    allowedNetworks: networkListSchema.parse('10.0.0.0/8'),
    nameLookup: () => Promise.resolve([{ address: METADATA, family: 4 }]),
  });
  const answers = new Set<string>();
  let tenantCalls = 0;
  for (const host of ways()) {
    const { host: written } = new URL(`http://${host}`);
    const destinations = [
      custom(`http://${written}`),
      custom(`https://${written}`),
      builtIn('https://api.openai.com', `http://${written}`),
      builtIn('https://api.openai.com', `socks5://${written}:80`),
    ];
    for (const destination of destinations) {
      tenantCalls += 1;
      const { status, description } = await call(dispatchers, destination);
      answers.add(`${status}: ${description}`);
    }
  }
  const tenantConnects = connects();
  await call(dispatchers, builtIn(`http://${METADATA}`));
  await Promise.all([dispatchers.close(), ...canaries.map((canary) => canary.close())]);
  const operatorConnects = connects() - tenantConnects;
  return { tenantCalls, tenantConnects, answers: [...answers].toSorted(), operatorConnects };
}

process.stdout.write(JSON.stringify(await report()));
