/** What is known of how a call is metered, before anything of it is read. */
import type { Dialect } from './dialect.js';

export interface DialectChoice {
  /** null: nothing is known about the format; a billable call is then UNPRICED */
  readonly dialect: Dialect | null;
  /** false: the provider bills nothing for it, whatever it answers */
  readonly isBillable: boolean;
}

export const FREE: DialectChoice = Object.freeze({ dialect: null, isBillable: false });
export const UNKNOWN: DialectChoice = Object.freeze({ dialect: null, isBillable: true });
export const billed = (dialect: Dialect): DialectChoice => Object.freeze({ dialect, isBillable: true });
