/** What a record says of the head that its request came with. */
import type { Arrival } from '../exchange.js';
import type { RecordedHead } from '../head-reading.js';
import { headerOf } from '../header-list.js';
import { loggedQuery } from '../upstream/query.js';

/** Of a head that is said again, what was read the first time. */
export function recordedHead({ head, request, path, query }: Arrival): RecordedHead {
  const { reading } = head;
  if (reading !== undefined && reading.recorded !== null) return reading.recorded;
  const recorded = {
    path: path + loggedQuery(query),
    userAgent: headerOf(request.rawHeaders, 'user-agent'),
    contentType: headerOf(head.rawHeaders, 'content-type'),
  };
  if (reading !== undefined) reading.recorded = recorded;
  return recorded;
}
