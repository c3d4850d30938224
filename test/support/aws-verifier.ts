/** AWS's side of a signature: signs what arrived once more, and compares. */
import { authorization, sha256Hex } from '../../proxy/credentials/sigv4.js';

export interface ArrivedRequest {
  readonly method: string;
  /** path and query */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array | string;
}

export interface ExpectedSigner {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
  /** in place of the `host` that arrived, for a server that stands in for AWS; null: the one that arrived */
  readonly host: string | null;
}

/** The `Authorization` that would be right for what arrived: its own list of headers, dated as it says. */
export function expectedAuthorization(arrived: ArrivedRequest, signer: ExpectedSigner): string {
  const [path = '', query = ''] = arrived.url.split(/(?=\?)/);
  const names = /SignedHeaders=([^,]+),/.exec(text(arrived.headers['authorization']))?.[1]?.split(';') ?? [];
  const headers = names.flatMap((name) => [name, text(arrived.headers[name])]);
  if (signer.host !== null) headers[headers.indexOf('host') + 1] = signer.host;
  const bodyHash = sha256Hex(arrived.body);
  const request = { method: arrived.method, path, query, headers, bodyHash };
  return authorization(signer, { ...signer, atMs: atMs(text(arrived.headers['x-amz-date'])) }, request);
}

const text = (value: string | string[] | undefined): string => (Array.isArray(value) ? value.join(',') : (value ?? ''));

/** `20150830T123600Z` in Unix ms; NaN when it is none. */
function atMs(amzDate: string): number {
  return Date.parse(amzDate.replace(/^(....)(..)(..T..)(..)(..)Z$/, '$1-$2-$3:$4:$5Z'));
}
