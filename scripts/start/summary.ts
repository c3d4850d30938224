/** What `npm start` prints once everything is ready, and keeps in DATA_DIR for `npm run demo`. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StartConfig } from './config.js';
import type { FirstSignIn } from './messages.js';

export interface Started {
  /** null when the instance has no account to show (it was bootstrapped by hand) */
  readonly accountName: string | null;
  readonly hasDemoGateway: boolean;
  readonly startedInS: number;
}

export function summaryOf(config: StartConfig, started: Started): string {
  const lines = [
    '',
    `Tollgate is ready (${started.startedInS.toFixed(1)} s).`,
    '',
    `  api    ${config.publicApiUrl}  (the dashboard; GraphQL at /graphql)`,
    `  proxy  ${config.publicProxyUrl}`,
    `  data   ${config.dataDir}  (logs/ holds what the processes say)`,
    ...curlLines(config, started),
    '',
    'Ctrl-C drains and stops all of it.',
  ];
  return lines.join('\n');
}

/** Where `npm run demo` finds the running instance. */
export function keepInstanceFile(config: StartConfig, accountName: string | null): void {
  const instance = { accountName, apiUrl: config.publicApiUrl, proxyUrl: config.publicProxyUrl };
  writeFileSync(path.join(config.dataDir, 'instance.json'), `${JSON.stringify(instance)}\n`, { mode: 0o600 });
}

/** To be printed as soon as the api has said it: whatever ends the start later, it is not said again. */
export function signInText(signIn: FirstSignIn): string {
  return [
    '',
    `First sign-in (shown this once${signIn.password === null ? '' : '; the password is stored nowhere'}):`,
    '',
    `  email     ${signIn.email}`,
    `  password  ${signIn.password ?? 'the one of BOOTSTRAP_PASSWORD'}`,
    `  account   ${signIn.account}`,
    '',
  ].join('\n');
}

/** A `.env` that was made for containers is the usual reason. */
export const changedSecretsText = ({ changedSecrets, dataDir }: StartConfig): string =>
  `Note: ${changedSecrets.join(', ')} of the environment (or of .env) differs from what ${dataDir} keeps of earlier starts;` +
  ' the given one is used, and what was made with the other (tokens, sessions, stored credentials) is not accepted by it.';

function curlLines(config: StartConfig, { accountName, hasDemoGateway }: Started): string[] {
  if (!config.hasDemo || accountName === null || !hasDemoGateway) return [];
  const url = `${config.publicProxyUrl}/v1/${accountName}/demo/demo/chat/completions`;
  const body = '{"model":"demo-small","messages":[{"role":"user","content":"Hello"}]}';
  return [
    '',
    'Try it (a demo provider on this machine answers; `npm run demo` sends a minute of traffic):',
    '',
    `  curl ${url} -H 'content-type: application/json' -d '${body}'`,
  ];
}
