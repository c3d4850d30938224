/**
 * The secrets that an account may store for a provider: their form, their bounds, and what of them may be shown. What
 * is read here is what is sealed; no problem that is told quotes any of it.
 */
import { z } from 'zod';
import { holdsApiToken } from './api-token.js';
import { rsaPrivateKey } from './rsa-key.js';

/** Longest secret, in bytes of UTF-8: a service account's JSON has 2 to 3 KiB. */
export const PROVIDER_SECRET_BYTES_MAX = 16_384;
/** Of a shorter secret, four characters would be too much to show. */
const SHOWN_FROM_CHARACTERS = 12;
const SHOWN_CHARACTERS = 4;

export type ProviderSecret =
  | {
      readonly kind: 'secret';
      /** to be sealed; JSON with the fields that are needed and no others */
      readonly text: string;
      /** the end of the secret, or of the id that its JSON has; empty when that would tell too much */
      readonly lastFour: string;
    }
  /** `problem` completes the sentence that begins with the field */
  | { readonly kind: 'refused'; readonly problem: string };

/** It becomes a header's value, or a part of one (RFC 9110 §5.5). */
const HEADER_TEXT = /^[!-~](?:[ -~]*[!-~])?$/;
/** A header's value without blanks, as AWS's documents have these. */
const WORD = /^[!-~]+$/;
/** No `@` on either side of it: else a long text of them would be tried at each in turn, a tenth of a second in all. */
const EMAIL = /^[!-?A-~]+@[!-?A-~]+$/;

/** AWS's CLI and SDKs name the same fields so; access key ids have 16 to 128 word characters (IAM API, AccessKey). */
const awsKeySchema = z.object({
  accessKeyId: z.string('must be text').regex(/^\w{16,128}$/, 'must be an access key id'),
  secretAccessKey: z.string('must be text').regex(WORD, 'must be a secret access key'),
  sessionToken: z.string('must be text').regex(WORD, 'must be a session token').optional(),
});

/** Google Cloud's service account key file, as far as a token is minted from it. */
const serviceAccountSchema = z.object({
  type: z.literal('service_account', 'must be "service_account"').optional(),
  project_id: z.string('must be text').max(128, 'is too long').optional(),
  private_key_id: z
    .string('must be text')
    .regex(/^\w{1,128}$/, 'must be a key id')
    .optional(),
  private_key: z
    .string('must be text')
    .refine((pem) => rsaPrivateKey(pem) !== null, 'must be an RSA private key of 1024 to 4096 bits in PEM'),
  client_email: z.string('must be text').regex(EMAIL, 'must be an e-mail address'),
});

/**
 * Reads a secret for `provider` (a slug, `custom-…` included). `target`: what the key is bound to, where a region that
 * stands in the secret's JSON has to be the same.
 */
export function readProviderSecret(
  provider: string,
  text: string,
  target: Readonly<Record<string, string>>,
): ProviderSecret {
  if (text === '') return refused('must not be empty');
  if (Buffer.byteLength(text) > PROVIDER_SECRET_BYTES_MAX) {
    return refused(`must be at most ${PROVIDER_SECRET_BYTES_MAX} bytes`);
  }
  const secret = secretOf(provider, text, target);
  // Looked at as it will be sent: JSON may have spelled it in escapes.
  return secret.kind === 'secret' && holdsApiToken(secret.text) ? refused(IS_API_TOKEN) : secret;
}

function secretOf(provider: string, text: string, target: Readonly<Record<string, string>>): ProviderSecret {
  if (provider === 'google-vertex-ai') {
    return jsonSecret(
      serviceAccountSchema,
      { text, target, isWhat: "a service account's JSON" },
      (account) => account.private_key_id,
    );
  }
  if (provider === 'aws-bedrock' && text.trimStart().startsWith('{')) {
    return jsonSecret(awsKeySchema, { text, target, isWhat: 'JSON of an access key' }, (key) => key.accessKeyId);
  }
  if (!HEADER_TEXT.test(text)) return refused('must be printable ASCII without spaces around it');
  return { kind: 'secret', text, lastFour: endOf(text) };
}

const IS_API_TOKEN = "must be the provider's own: this has the shape of an API token of this gateway";
const refused = (problem: string): ProviderSecret => ({ kind: 'refused', problem });

const endOf = (text: string): string => (text.length < SHOWN_FROM_CHARACTERS ? '' : text.slice(-SHOWN_CHARACTERS));

interface JsonText {
  readonly text: string;
  readonly target: Readonly<Record<string, string>>;
  readonly isWhat: string;
}

/** Written anew with the known fields alone: a file that is pasted whole brings more than is needed. */
function jsonSecret<T extends object>(
  schema: z.ZodType<T>,
  { text, target, isWhat }: JsonText,
  idOf: (secret: T) => string | undefined,
): ProviderSecret {
  const parsed = objectOf(text);
  if (parsed === null) return refused(`must be ${isWhat}`);
  const { region } = parsed;
  if (region !== undefined && region !== target['region']) return refused("must have its target's region, or none");
  const result = schema.safeParse(parsed);
  if (!result.success) {
    const [issue] = result.error.issues;
    return refused(`must be ${isWhat}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'cannot be used'}`);
  }
  return { kind: 'secret', text: JSON.stringify(result.data), lastFour: endOf(idOf(result.data) ?? '') };
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? Object.fromEntries(Object.entries(parsed)) : null;
  } catch {
    return null;
  }
}
