/** One change of the database: raw SQL up and down, never edited once merged. */
export interface Migration {
  /** `YYYYMMDDHHMM-verb-noun`; its order in `index.ts` is the order of application */
  readonly name: string;
  readonly up: string;
  readonly down: string;
}
