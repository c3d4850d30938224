/**
 * The setting `egressProxyUrl`: its credentials are sealed and never shown. What settings, policies and audit rows hold
 * is the same URL with `***` in the password's place.
 */
import type { NetworkList } from '../../../schema/contracts/networks.js';
import { readPublicUrl } from '../../../schema/contracts/public-url.js';
import { badInput } from '../../errors.js';

const SCHEMES = { 'http:': 80, 'https:': 443, 'socks5:': 1080 };
const MASK = '***';
export const EGRESS_FIELD = 'input.settings.egressProxyUrl';

export interface EgressSetting {
  /** with its password masked; null: the instance's way out */
  readonly shown: string | null;
  /** the whole URL, to be sealed; null: what is stored stays as it is (or goes, with `shown`) */
  readonly whole: string | null;
}

/**
 * What a sent value makes of the stored one (masked, or null). The masked URL sent back means no change. Throws
 * BAD_USER_INPUT, quoting nothing of the URL.
 */
export function readEgressProxy(stored: string | null, sent: string | null, allowed: NetworkList): EgressSetting {
  if (sent === null || sent === stored) return { shown: sent, whole: null };
  const url = readPublicUrl(sent, { schemes: SCHEMES, allowed, mayHoldCredentials: true });
  if (url.kind === 'refused') throw badInput(EGRESS_FIELD, url.problem);
  if (url.path !== '/') throw badInput(EGRESS_FIELD, 'must have no path');
  const { protocol, host, username, password } = url;
  if (username === MASK || password === MASK) {
    throw badInput(EGRESS_FIELD, 'must be whole: a masked password is none that could be stored');
  }
  if (/%(?:0[\dA-F]|1[\dA-F]|7F)/i.test(username + password)) {
    throw badInput(EGRESS_FIELD, 'must have no control characters in its user or password');
  }
  return {
    shown: urlText(protocol, masked(username, password), host),
    whole: urlText(protocol, userinfo(username, password), host),
  };
}

/** Whether a shown URL has a password, or a user that is one, masked. */
export const isMasked = (shown: string | null): boolean => shown?.includes(`${MASK}@`) === true;

const urlText = (protocol: string, user: string, host: string): string =>
  `${protocol}//${user === '' ? '' : `${user}@`}${host}`;

const userinfo = (username: string, password: string): string =>
  password === '' ? username : `${username}:${password}`;

/** A user without a password is a credential itself: proxies take tokens so. */
function masked(username: string, password: string): string {
  if (password !== '') return `${username}:${MASK}`;
  return username === '' ? '' : MASK;
}
