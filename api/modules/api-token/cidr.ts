/** Client networks: whether a text is one, whether an address is inside, whether one network lies inside another. */
import { BlockList, isIP } from 'node:net';

interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** `10.0.0.0/8`, `2001:db8::/32`, or a single address; null for anything else. */
export function parseCidr(text: string): Network | null {
  const [address = '', bitsText, rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest !== undefined || address.includes('%')) return null;
  const bitsMax = version === 4 ? 32 : 128;
  if (bitsText !== undefined && !/^\d{1,3}$/.test(bitsText)) return null;
  const bits = bitsText === undefined ? bitsMax : Number(bitsText);
  return bits > bitsMax ? null : { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** Whether an address (IPv4-mapped ones count as IPv4) is inside one of the networks; an unknown address never is. */
export function isInside(ip: string | null, cidrs: readonly string[]): boolean {
  if (ip === null) return false;
  const plain = ip.toLowerCase().startsWith('::ffff:') && isIP(ip.slice(7)) === 4 ? ip.slice(7) : ip;
  const version = isIP(plain);
  return version !== 0 && listOf(cidrs).check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

/** Whether every address of `inner` is in one of `outer`. */
export function isNarrower(inner: string, outer: readonly string[]): boolean {
  const network = parseCidr(inner);
  if (network === null) return false;
  return outer.some((cidr) => {
    const wider = parseCidr(cidr);
    // Of one family only: `::ffff:192.0.2.1/8` has an address inside 0.0.0.0/0 and is far wider than it.
    if (wider === null || wider.family !== network.family || wider.bits > network.bits) return false;
    return listOf([cidr]).check(network.address, network.family);
  });
}

function listOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const network = parseCidr(cidr);
    if (network !== null) list.addSubnet(network.address, network.bits, network.family);
  }
  return list;
}
