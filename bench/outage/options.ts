/** What `npm run bench:outage -- …` was asked for. */
import { parseArgs } from 'node:util';

export interface OutageOptions {
  /** how long Postgres is away */
  readonly seconds: number;
  readonly perSecond: number;
}

/** Throws on an option that does not exist or cannot be used. */
export function parseOutageOptions(args: readonly string[]): OutageOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string', default: '600' }, rate: { type: 'string', default: '300' } },
  });
  return { seconds: whole('seconds', values.seconds), perSecond: whole('rate', values.rate) };
}

function whole(name: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} must be a whole number above 0`);
  return Number(text);
}
