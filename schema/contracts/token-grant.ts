/** What one API token allows, as the proxy keeps it: found by the token's keyed hash, never by the token. */
import { z } from 'zod';
import type { AccountId, ApiTokenId } from './ids.js';
import { PERMISSIONS } from './permissions.js';

export const tokenGrantSchema = z.object({
  tokenId: z.string().transform((id) => id as ApiTokenId), // our own document: the id was parsed when it was made
  accountId: z.string().transform((id) => id as AccountId),
  permissions: z.array(z.enum(PERMISSIONS)),
  /** null: every gateway of the account */
  gatewayIds: z.array(z.string()).nullable(),
  /** client networks it may come from; null: any */
  cidrs: z.array(z.string()).nullable(),
  /** Unix ms; null: never */
  expiresAtMs: z.number().nullable(),
  revoked: z.boolean(),
  revision: z.number(),
});
export type TokenGrant = z.infer<typeof tokenGrantSchema>;

/**
 * Selects one token's grant by its keyed hash (hex), or that of the secret before the last rotation, which ends
 * earlier; the hash must also stand in `app.token_hash`. No row: unknown.
 */
export const TOKEN_GRANT_SQL = `
  SELECT jsonb_build_object(
    'tokenId', t.id, 'accountId', t.account_id, 'permissions', to_jsonb(t.permissions),
    'gatewayIds', to_jsonb(t.gateway_ids), 'cidrs', to_jsonb(t.cidrs),
    'expiresAtMs', floor(extract(epoch FROM
      CASE WHEN t.token_hash = $1 THEN t.expires_at ELSE least(t.expires_at, t.retired_until) END) * 1000),
    'revoked', t.revoked_at IS NOT NULL, 'revision', t.revision) AS document
  FROM api_token t WHERE t.token_hash = $1 OR t.retired_hash = $1`;
