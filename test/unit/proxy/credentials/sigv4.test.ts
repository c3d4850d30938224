/** Sources and dates of what is expected here: test/fixtures/aws-sig-v4/README.md. */
import { describe, expect, it } from '@jest/globals';
import {
  amzDate,
  authorization,
  canonicalRequest,
  sha256Hex,
  stringToSign,
  type AwsCredentials,
  type SignableRequest,
  type SigningScope,
} from '../../../../proxy/credentials/sigv4.js';
import { awsSignedCases, awsVectors, type SigV4Vector } from '../../../support/aws-fixtures.js';

interface Parsed {
  readonly credentials: AwsCredentials;
  readonly scope: SigningScope;
  readonly request: SignableRequest;
}

/** As an HTTP parser would hand it over: folded header lines are one, and the path is all up to ` HTTP/`. */
function parsedVector({ context, request }: SigV4Vector): Parsed {
  const [head = '', body = ''] = request.split('\n\n');
  const [requestLine = '', ...lines] = head.trimEnd().replaceAll(/\n\s+/g, ' ').split('\n');
  const [, method = '', path = '', query = ''] = /^(\S+) ([^?]*)(\?.*)? HTTP\/1\.1$/.exec(requestLine) ?? [];
  const { credentials, region, service } = context;
  const atMs = Date.parse(context.timestamp);
  const isTokenSigned = credentials.token !== undefined && context.omit_session_token !== true;
  const headers = lines.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]);
  headers.push('X-Amz-Date', amzDate(atMs));
  if (isTokenSigned) headers.push('X-Amz-Security-Token', credentials.token ?? '');
  if (context.sign_body) headers.push('x-amz-content-sha256', sha256Hex(body));
  return {
    credentials: {
      accessKeyId: credentials.access_key_id,
      secretAccessKey: credentials.secret_access_key,
    },
    scope: { region, service, atMs },
    request: { method, path, query, headers, bodyHash: sha256Hex(body) },
  };
}

/** Why a vector says nothing about this signer; null: it does. */
function inapplicable(vector: SigV4Vector): string | null {
  const { path } = parsedVector(vector).request;
  if (!vector.context.normalize || !/\/\/|\/\./.test(path)) return null;
  return `the path ${path} has to be resolved first, and the guard refuses it`;
}

describe("the signatures of AWS's own test suite", () => {
  const vectors = awsVectors();
  const applicable = vectors.filter((vector) => inapplicable(vector) === null);

  it.each(applicable.map((vector) => [vector.name, vector] as const))('are equal: %s', (_name, vector) => {
    const { credentials, scope, request } = parsedVector(vector);
    expect(canonicalRequest(request)).toBe(vector.canonicalRequest);
    expect(stringToSign(scope, request)).toBe(vector.stringToSign);
    expect(authorization(credentials, scope, request)).toMatch(new RegExp(`, Signature=${vector.signature}$`));
  });

  it('are all looked at but for those whose path the guard refuses', () => {
    const left = vectors.filter((vector) => inapplicable(vector) !== null);
    process.stdout.write(`SigV4 vectors: ${applicable.length} of ${vectors.length} applicable, all equal\n`);
    for (const vector of left) process.stdout.write(`  not applicable: ${vector.name}: ${inapplicable(vector)}\n`);
    expect([applicable.length, vectors.length]).toEqual([32, 38]);
    expect(left.map(({ name }) => name)).toEqual([
      'get-relative-normalized',
      'get-relative-relative-normalized',
      'get-slash-dot-slash-normalized',
      'get-slash-normalized',
      'get-slash-pointless-dot-normalized',
      'get-slashes-normalized',
    ]);
  });
});

describe('the signatures of @smithy/signature-v4', () => {
  const cases = awsSignedCases();

  it('are equal for every drawn request, model ids, ARNs, queries and session tokens included', () => {
    const different = cases.filter((drawn) => {
      const { credentials, region, service, atMs, method, path, query } = drawn;
      const bodyHash = sha256Hex(drawn.body);
      const headers = Object.entries(drawn.headers).flat();
      headers.push('x-amz-date', amzDate(atMs), 'x-amz-content-sha256', bodyHash);
      if (credentials.sessionToken !== undefined) headers.push('x-amz-security-token', credentials.sessionToken);
      const signed = authorization(credentials, { region, service, atMs }, { method, path, query, headers, bodyHash });
      return signed !== drawn.authorization;
    });
    expect(different).toEqual([]);
    expect(cases).toHaveLength(400);
  });
});
