/** By which right a caller rates logs. */
import type { ApiTokenId } from '../../../schema/contracts/ids.js';
import type { Principal } from '../../principal.js';

export interface RatingRight {
  readonly action: 'log.rate' | 'log.rateOwn';
  /** the token that must have made the log; null: anybody */
  readonly madeBy: ApiTokenId | null;
}

/** A token that may use gateways and not edit them rates what it made itself; anybody else needs the right to edit. */
export function ratingRight(principal: Principal): RatingRight {
  const mayEdit = principal.kind !== 'token' || principal.permissions.has('AI_GATEWAY_EDIT');
  if (mayEdit || !principal.permissions.has('AI_GATEWAY_RUN')) return { action: 'log.rate', madeBy: null };
  return { action: 'log.rateOwn', madeBy: principal.tokenId };
}
