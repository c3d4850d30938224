/**
 * A logged request as a command to paste. What it says comes from anybody: nothing in it may reach the shell as
 * anything but text.
 */

export interface LoggedRequest {
  readonly endpointUrl: string;
  readonly provider: string;
  readonly path: string;
  /** null: it is not there, or may not be seen */
  readonly body: string | null;
}

const KEY_HEADERS: Readonly<Record<string, string>> = {
  anthropic: 'x-api-key: $PROVIDER_KEY',
  'google-ai-studio': 'x-goog-api-key: $PROVIDER_KEY',
};

/** Credentials are left to the environment: none is logged. */
export function curlOf({ endpointUrl, provider, path, body }: LoggedRequest): string {
  const url = `${endpointUrl}/${provider}/${path.replace(/^\/+/, '')}`;
  const key = Object.hasOwn(KEY_HEADERS, provider) ? KEY_HEADERS[provider] : 'authorization: Bearer $PROVIDER_KEY';
  const lines = [
    `curl ${shellQuoted(url)}`,
    `-H "${key}"`,
    '-H "cf-aig-authorization: Bearer $TOLLGATE_TOKEN"',
    ...(body === null || body === '' ? [] : ["-H 'content-type: application/json'", `--data-raw ${shellQuoted(body)}`]),
  ];
  return lines.join(' \\\n  ');
}

/**
 * One word of a shell. Control characters are written as escapes: raw ones, such as those that end a bracketed paste,
 * would be taken by the terminal before the shell saw a quote. No word can hold a NUL: it is left out.
 */
export function shellQuoted(text: string): string {
  if (!CONTROL.test(text)) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const escaped = text.replaceAll(/[\\']/g, String.raw`\$&`).replaceAll(new RegExp(CONTROL, 'g'), escapeOf);
  return `$'${escaped}'`;
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Byte by byte, which every shell with `$'…'` understands. */
function escapeOf(character: string): string {
  if (character === '\0') return '';
  return Array.from(
    new TextEncoder().encode(character),
    (byte) => String.raw`\x` + byte.toString(16).padStart(2, '0'),
  ).join('');
}
