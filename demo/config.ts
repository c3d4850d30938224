/** Where `npm run demo` finds the instance: its arguments, else the file that `npm start` keeps in DATA_DIR. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const instanceSchema = z.object({ accountName: z.string().nullable(), proxyUrl: z.string() });

export interface TrafficConfig {
  /** of the gateway `demo`, provider `demo` */
  readonly baseUrl: string;
  readonly durationMs: number;
}

/** `[account] [proxy URL]`, both optional. Throws an Error that says what is missing. */
export function readTrafficConfig(args: readonly string[]): TrafficConfig {
  const kept = keptInstance(path.resolve(process.env['DATA_DIR'] ?? '.data', 'instance.json'));
  const account = args[0] ?? kept?.accountName;
  if (account === undefined || account === null) {
    throw new Error(
      'No running instance found: run `npm start` first, or name the account: npm run demo -- ACCOUNT [URL]',
    );
  }
  const port = process.env['PROXY_PORT'] ?? '8787';
  const proxyUrl = args[1] ?? process.env['PUBLIC_PROXY_URL'] ?? kept?.proxyUrl ?? `http://localhost:${port}`;
  const seconds = Number(process.env['DEMO_SECONDS'] ?? '60');
  return { baseUrl: `${proxyUrl}/v1/${account}/demo/demo`, durationMs: Math.min(Math.max(seconds, 1), 3_600) * 1000 };
}

function keptInstance(file: string): z.infer<typeof instanceSchema> | null {
  try {
    return instanceSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}
