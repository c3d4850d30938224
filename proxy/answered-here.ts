/** Requests that the gateway answers itself, without a call. */
import type { ClientRequest } from './client/client-exchange.js';
import type { Arrival, Target } from './exchange.js';
import { headerOf } from './header-list.js';

/** A CORS preflight (Fetch §4.8); any other OPTIONS request is the provider's. */
export function isPreflight(request: ClientRequest): boolean {
  return request.method === 'OPTIONS' && headerOf(request.rawHeaders, 'access-control-request-method') !== null;
}

/** Clients ask for the provider's bare base before their first call. */
export function isProbe({ path, method, request }: Arrival, { provider }: Target): boolean {
  if (path !== '' || (method !== 'HEAD' && method !== 'GET')) return false;
  return provider.addressHeader === undefined || headerOf(request.rawHeaders, provider.addressHeader) === null;
}
