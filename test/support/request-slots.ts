/** Taking a proxy's slots as requests do, which may find none. */
import { expect } from '@jest/globals';
import { GatewayError } from '../../proxy/gateway-error.js';
import type { AccountSlots, RequestSlots } from '../../proxy/overload/request-slots.js';
import type { AccountId } from '../../schema/contracts/ids.js';

const account = (name: string): AccountId => name as AccountId; // any text will do

/** Null: the request is refused. */
export function taken(slots: RequestSlots, name: string): AccountSlots | null {
  try {
    return slots.take(account(name));
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ errorName: 'overloaded', retryAfterSeconds: 1 });
    return null;
  }
}

/** How many of so many an account gets. */
export const takenOf = (slots: RequestSlots, name: string, wanted: number): number =>
  Array.from({ length: wanted }, () => taken(slots, name)).filter((got) => got !== null).length;
