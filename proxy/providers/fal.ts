/**
 * fal. Its SDKs have a proxy mode: they call one URL and write into `x-fal-target-url` which of fal's they mean. That
 * header decides the origin, so it may name only the hosts that fal's own SDKs call, and it goes no further. (fal's own
 * proxy lets every host beneath fal.run and fal.ai pass: a stored key shall not be sent to hosts that nobody listed.)
 */
import type { ProviderRow } from '../../schema/contracts/provider-row.js';
import { GatewayError } from '../gateway-error.js';
import { headerOf } from '../header-list.js';
import { isSafePath } from '../upstream/path.js';
import { authOf, NO_TARGET } from './plain-provider.js';
import type { Provider } from './provider.js';
import { upstreamBase } from './upstream-base.js';

const TARGET_HEADER = 'x-fal-target-url';
/** npm @fal-ai/client 1.10.1 and its versions before (`rest.alpha`). */
const HOSTS = new Set(['fal.run', 'queue.fal.run', 'rest.fal.ai', 'rest.alpha.fal.ai']);
const TARGET_URL = /^https:\/\/([a-z.]+)(\/[^?#\s]*)?(\?[^#\s]*)?$/;

export function fal(row: ProviderRow, override: string | null): Provider {
  const { origin, path: basePath } = upstreamBase(override ?? row.base).filled(NO_TARGET);
  return {
    slug: 'fal',
    ...authOf(row),
    addressHeader: TARGET_HEADER,
    route({ path, headers }) {
      const named = headerOf(headers, TARGET_HEADER);
      if (named === null) return { origin, keyOrigin: origin, path: basePath + path || '/', target: NO_TARGET };
      const [, host = '', targetPath = '/', query = ''] = TARGET_URL.exec(named) ?? [];
      if (!HOSTS.has(host) || path !== '' || !isSafePath(targetPath))
        throw new GatewayError(
          'badHeader',
          `${TARGET_HEADER} must be an https URL of fal's, on a call of the bare base`,
        );
      const targetOrigin = override === null ? `https://${host}` : origin;
      return { origin: targetOrigin, keyOrigin: origin, path: basePath + targetPath, query, target: NO_TARGET };
    },
  };
}
