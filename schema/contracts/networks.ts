/** IP networks: whether a text is one, lists of them, and which addresses are public. */
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

export interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** `10.0.0.0/8`, `2001:db8::/32`, or a single address; null for anything else. */
export function parseNetwork(text: string): Network | null {
  const [address = '', bitsText, rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest !== undefined || address.includes('%')) return null;
  const bitsMax = version === 4 ? 32 : 128;
  if (bitsText !== undefined && !/^\d{1,3}$/.test(bitsText)) return null;
  const bits = bitsText === undefined ? bitsMax : Number(bitsText);
  return bits > bitsMax ? null : { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** Networks, looked at together. */
export interface NetworkList {
  readonly isEmpty: boolean;
  /** whether the address (IPv4 or IPv6 text, without brackets or zone) is in one of them */
  has(address: string): boolean;
}

/**
 * An IPv4-mapped address is in an IPv4 network as the IPv4 address that it is; and an IPv4 address in `::/0`, as the
 * mapped one.
 */
export function networkList(networks: readonly Network[]): NetworkList {
  const list = new BlockList();
  for (const { address, bits, family } of networks) list.addSubnet(address, bits, family);
  return {
    isEmpty: networks.length === 0,
    has(address) {
      const version = isIP(address);
      return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** Of texts that were checked when they were stored; one that is no network has no address in it. */
export const networksOf = (cidrs: readonly string[]): NetworkList =>
  networkList(cidrs.map(parseNetwork).filter((network) => network !== null));

export const NO_NETWORKS: NetworkList = Object.freeze({ isEmpty: true, has: () => false });

/**
 * `ALLOW_PRIVATE_UPSTREAMS`: networks, separated by commas, that tenants' URLs may lead to though they are not public.
 */
export const networkListSchema: z.ZodType<NetworkList> = z
  .string()
  .default('')
  .transform((text, context): NetworkList => {
    const networks: Network[] = [];
    for (const part of text.split(',').map((word) => word.trim())) {
      if (part === '') continue;
      const network = parseNetwork(part);
      if (network === null) {
        context.addIssue({ code: 'custom', message: `must be networks like 10.0.0.0/8, separated by commas: ${part}` });
        return z.NEVER;
      }
      networks.push(network);
    }
    return networkList(networks);
  });

/** IANA's IPv4 special-purpose registry, multicast and the reserved class. */
const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24',
  '192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24',
  '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
]; // prettier-ignore
/** Of IPv6 only global unicast is public at all; these parts of it lead elsewhere: Teredo, documentation, 6to4, …. */
const GLOBAL_UNICAST_IPV6 = ['2000::/3'];
const NOT_PUBLIC_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'];

const notPublicIpv4 = networksOf(NOT_PUBLIC_IPV4);
const globalUnicastIpv6 = networksOf(GLOBAL_UNICAST_IPV6);
const notPublicIpv6 = networksOf(NOT_PUBLIC_IPV6);

/**
 * Whether an address belongs to the public internet. Mapped, NAT64, 6to4 and Teredo forms of an IPv4 address never do,
 * whatever is inside: nobody needs them to reach a public service. Anything that is no address is not public.
 */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !notPublicIpv4.has(address);
  if (version === 0 || address.includes('%')) return false;
  return globalUnicastIpv6.has(address) && !notPublicIpv6.has(address);
}
