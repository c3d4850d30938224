/** Where this proxy itself can be found: its listeners, its Postgres, its Redis. No tenant's URL may lead there. */
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { redisNodes } from '../../platform/redis.js';
import type { NameLookup } from './name-lookup.js';

export interface OwnEndpoint {
  readonly hostname: string;
  readonly port: number;
}

export interface OwnAddressesDeps {
  /** ports on which this process listens, on whatever address */
  readonly listenerPorts: () => readonly number[];
  readonly stores: readonly OwnEndpoint[];
  readonly lookup: NameLookup;
}

/** Addresses of machines and stores change seldom. */
const KEPT_MS = 30_000;
const LOOPBACK = [
  { address: '127.0.0.0', bits: 8, family: 'ipv4' },
  { address: '0.0.0.0', bits: 8, family: 'ipv4' },
  { address: '::1', bits: 128, family: 'ipv6' },
  { address: '::', bits: 128, family: 'ipv6' },
] as const;
const POSTGRES_PORT = 5_432;
const REDIS_PORT = 6_379;

/** The stores that are reached by TCP; one on a unix socket cannot be reached by any URL of a tenant's. */
export function storeEndpoints({ databaseUrl, redisUrl, cacheRedisUrl = redisUrl }: StoreUrls): OwnEndpoint[] {
  const redis = [...redisNodes(redisUrl), ...(cacheRedisUrl === redisUrl ? [] : redisNodes(cacheRedisUrl))];
  const endpoints = [endpointOf(databaseUrl, POSTGRES_PORT), ...redis.map((url) => endpointOf(url, REDIS_PORT))];
  return endpoints.filter((endpoint) => endpoint !== null);
}

export interface StoreUrls {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** absent: it is the same */
  readonly cacheRedisUrl?: string;
}

/** As pg and ioredis read them: a text without a scheme is a host; parameters `host` and `port` count. */
function endpointOf(text: string, byDefault: number): OwnEndpoint | null {
  if (text.startsWith('/') || text.startsWith('unix://')) return null;
  const withScheme = (text.includes('://') ? text : `tcp://${text}`).replace('@/', '@localhost/');
  if (!URL.canParse(withScheme)) return null;
  const url = new URL(withScheme);
  const hostname = (url.searchParams.get('host') ?? url.hostname).replace(/^\[|\]$/g, '');
  if (hostname.startsWith('/') || hostname.startsWith('%2')) return null;
  return { hostname: hostname || 'localhost', port: Number(url.searchParams.get('port') ?? url.port) || byDefault };
}

export class OwnAddresses {
  private byPort: ReadonlyMap<number, BlockList> = new Map();
  private readonly storeAddresses = new Map<OwnEndpoint, readonly string[]>();
  private knownUntilMs = 0;
  private refreshing: Promise<void> | null = null;

  constructor(private readonly deps: OwnAddressesDeps) {}

  /** Whether this proxy, its Postgres or its Redis listens there. */
  async has(address: string, port: number): Promise<boolean> {
    if (Date.now() >= this.knownUntilMs) {
      this.refreshing ??= this.refresh().finally(() => (this.refreshing = null));
      await this.refreshing;
    }
    const listed = this.byPort.get(port);
    return listed !== undefined && listed.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }

  private async refresh(): Promise<void> {
    const machine = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);
    const byPort = new Map<number, BlockList>();
    for (const port of this.deps.listenerPorts()) addMachine(listAt(byPort, port), machine);
    for (const store of this.deps.stores) {
      const list = listAt(byPort, store.port);
      for (const address of await this.addressesOf(store)) {
        addAddress(list, address);
        if (isOfMachine(address, machine)) addMachine(list, machine);
      }
    }
    this.byPort = byPort;
    this.knownUntilMs = Date.now() + KEPT_MS;
  }

  /** A store whose name is not known now is where it last was; one that never was known is nowhere. */
  private async addressesOf(store: OwnEndpoint): Promise<readonly string[]> {
    if (isIP(store.hostname) !== 0) return [store.hostname];
    try {
      const found = await this.deps.lookup(store.hostname);
      this.storeAddresses.set(
        store,
        found.map(({ address }) => address),
      );
    } catch {
      // the answer before this one holds
    }
    return this.storeAddresses.get(store) ?? [];
  }
}

function listAt(byPort: Map<number, BlockList>, port: number): BlockList {
  let list = byPort.get(port);
  if (list === undefined) byPort.set(port, (list = new BlockList()));
  return list;
}

function addAddress(list: BlockList, address: string): void {
  list.addAddress(withoutZone(address), isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

/** Whatever address of this machine a connection is made to, it arrives at the same port. */
function addMachine(list: BlockList, machine: readonly string[]): void {
  for (const { address, bits, family } of LOOPBACK) list.addSubnet(address, bits, family);
  for (const address of machine) addAddress(list, address);
}

function isOfMachine(address: string, machine: readonly string[]): boolean {
  const list = new BlockList();
  addMachine(list, machine);
  return list.check(withoutZone(address), isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

const withoutZone = (address: string): string => address.replace(/%.*$/, '');
