/** A Google service account of a test's own, and the token endpoint that knows it. */
import { createPublicKey, generateKeyPairSync, randomBytes, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';

export interface TestServiceAccount {
  /** as Google hands it out, with URLs that lead elsewhere */
  readonly json: string;
  readonly email: string;
  /** the private key's lines, for looking where they must not be */
  readonly privateKeyText: string;
  readonly publicKey: KeyObject;
}

export function createServiceAccount(
  fields: Readonly<Record<string, unknown>> = {},
  modulusLength = 2048,
): TestServiceAccount {
  // a key in the place of its own is all that it has: making one of RSA takes 0.2 s
  const { privateKey } =
    'private_key' in fields ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string; // `pem` gives text
  const email = `sa-${randomBytes(4).toString('hex')}@my-project.iam.gserviceaccount.com`;
  const account = {
    type: 'service_account',
    project_id: 'my-project',
    private_key_id: randomBytes(20).toString('hex'),
    private_key: pem,
    client_email: email,
    token_uri: 'http://169.254.169.254/token',
    universe_domain: 'evil.example',
    ...fields,
  };
  return {
    json: JSON.stringify(account, null, 2),
    email,
    privateKeyText: pem.split('\n').slice(1, 3).join(''),
    publicKey: createPublicKey(privateKey),
  };
}

const jsonOf = (part: string | undefined): unknown => JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));

/** Header and claims of an assertion that this account signed. Throws when it did not. */
export function verifiedAssertion(
  assertion: string,
  { publicKey }: TestServiceAccount,
): Record<'header' | 'claims', unknown> {
  const [header, claims, signature] = assertion.split('.');
  const signed = Buffer.from(`${header}.${claims}`);
  if (!verify('RSA-SHA256', signed, publicKey, Buffer.from(signature ?? '', 'base64url')))
    throw new Error('the signature does not fit');
  return { header: jsonOf(header), claims: jsonOf(claims) };
}

const formSchema = z.object({ grant_type: z.string(), assertion: z.string() });

/** The two fields of a token request's body. */
export function tokenRequest(body: Buffer): z.infer<typeof formSchema> {
  return formSchema.parse(Object.fromEntries(new URLSearchParams(body.toString('utf8'))));
}
