/** A custom provider's base URL: one text for one place, without a slash at its end. */
import type { NetworkList } from '../../../schema/contracts/networks.js';
import { readPublicUrl } from '../../../schema/contracts/public-url.js';
import { badInput } from '../../errors.js';

const HTTPS = { 'https:': 443 };

/** Throws BAD_USER_INPUT at `field`. `allowed`: the operator's own networks, which it may lead to all the same. */
export function readBaseUrl(text: string, allowed: NetworkList, field: string): string {
  const url = readPublicUrl(text, { schemes: HTTPS, allowed, mayHoldCredentials: false });
  if (url.kind === 'refused') throw badInput(field, url.problem);
  return `${url.protocol}//${url.host}${url.path.replace(/\/+$/, '')}`;
}
