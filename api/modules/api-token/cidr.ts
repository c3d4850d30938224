/** Client networks: whether an address is inside one, whether one network lies inside another. */
import { networksOf, parseNetwork } from '../../../schema/contracts/networks.js';

/** Whether an address (IPv4-mapped ones count as IPv4) is inside one of the networks; an unknown address never is. */
export function isInside(ip: string | null, cidrs: readonly string[]): boolean {
  return ip !== null && networksOf(cidrs).has(ip);
}

/** Whether every address of `inner` is in one of `outer`. */
export function isNarrower(inner: string, outer: readonly string[]): boolean {
  const network = parseNetwork(inner);
  if (network === null) return false;
  return outer.some((cidr) => {
    const wider = parseNetwork(cidr);
    // Of one family only: `::ffff:192.0.2.1/8` has an address inside 0.0.0.0/0 and is far wider than it.
    if (wider === null || wider.family !== network.family || wider.bits > network.bits) return false;
    return networksOf([cidr]).has(network.address);
  });
}
