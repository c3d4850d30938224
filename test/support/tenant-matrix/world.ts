/**
 * Two tenants with everything in them, one deleted account, and every kind of caller: what the tenant matrix runs on.
 */
import type pg from 'pg';
import { newUuidV7 } from '../../../schema/contracts/ids.js';
import { PERMISSIONS, ROLES, type Permission } from '../../../schema/contracts/permissions.js';
import { addMember, createLog, createUser } from '../seed.js';
import { createTenant, type TestTenant } from '../tenant.js';
import { ROLE_PERMISSIONS } from '../../../api/authorization.js';

export interface Caller {
  readonly name: string;
  readonly kind: 'user' | 'operator' | 'token' | 'none';
  readonly token: string | null;
  /** in account A */
  readonly permissions: readonly Permission[];
}

/** Ids and names that one cell puts into its document. */
export interface Target {
  readonly tag: string;
  readonly accountId: string;
  readonly gatewayName: string;
  readonly gatewayId: string;
  readonly tokenId: string;
  readonly logId: string;
  readonly providerKeyId: string;
  readonly customProviderId: string;
  readonly priceOverrideId: string;
  readonly invitationId: string;
  readonly memberId: string;
  readonly memberEmail: string;
  /** a session of that member's */
  readonly sessionId: string;
  /** the account that no caller is of, whatever the target is */
  readonly foreignAccountId: string;
}

export const TARGETS = ['own', 'foreign', 'mixed', 'deleted', 'malformed'] as const;
export type TargetName = (typeof TARGETS)[number];

export interface World {
  readonly callers: readonly Caller[];
  readonly targets: Readonly<Record<TargetName, Target>>;
  /** texts that only account B may ever see */
  readonly foreignTexts: readonly string[];
  /** what tells of account B itself: the operator may see it too */
  readonly foreignAccountTexts: readonly string[];
  /** a gateway, a token, a key, a custom provider and a price override of account A that nothing has touched yet */
  fresh(): Promise<Target>;
}

export async function buildWorld(owner: pg.Pool): Promise<World> {
  const [a, b, gone] = [await createTenant(owner), await createTenant(owner), await createTenant(owner)];
  const foreignAccountId = b.accountId;
  const own = { ...(await fill(owner, a, 'alpha')), foreignAccountId };
  const foreign = { ...(await fill(owner, b, 'bravo')), foreignAccountId };
  await owner.query('UPDATE account SET deleted_at = now() WHERE id = $1', [gone.accountId]);
  const deleted = { ...(await fill(owner, a, 'gone')), foreignAccountId };
  await owner.query('UPDATE gateway SET deleted_at = now() WHERE id = $1', [deleted.gatewayId]);
  await owner.query('UPDATE log_body SET deleted_at = now() WHERE id = $1', [deleted.logId]);
  await owner.query('DELETE FROM provider_key WHERE id = $1', [deleted.providerKeyId]);
  await owner.query('DELETE FROM custom_provider WHERE id = $1', [deleted.customProviderId]);
  await owner.query('UPDATE price_override SET ended_at = now() WHERE id = $1', [deleted.priceOverrideId]);
  await owner.query('DELETE FROM invitation WHERE id = $1', [deleted.invitationId]);
  await owner.query('DELETE FROM membership WHERE id = $1', [deleted.memberId]);
  await owner.query(`INSERT INTO price_list (version, source, digest) VALUES (1, 'public facts', '')`);
  const callers = await makeCallers(owner, a, gone);
  await createUser(owner, { accountId: b.accountId, role: 'OWNER' });
  const malformed = "x' OR '1'='1";
  return {
    callers,
    targets: {
      own,
      foreign,
      mixed: { ...foreign, tag: own.tag },
      deleted: { ...deleted, tag: gone.tag, accountId: gone.accountId },
      malformed: {
        tag: malformed,
        accountId: malformed,
        gatewayName: malformed,
        gatewayId: malformed,
        tokenId: malformed,
        logId: malformed,
        providerKeyId: malformed,
        customProviderId: malformed,
        priceOverrideId: malformed,
        invitationId: malformed,
        memberId: malformed,
        memberEmail: malformed,
        sessionId: malformed,
        foreignAccountId: malformed,
      },
    },
    foreignTexts: [
      foreign.gatewayId,
      foreign.gatewayName,
      foreign.tokenId,
      foreign.logId,
      foreign.providerKeyId,
      foreign.customProviderId,
      foreign.priceOverrideId,
      foreign.invitationId,
      foreign.memberId,
      foreign.memberEmail,
      foreign.sessionId,
      'bravo-invited',
      'bravo-model',
      'bravo-body',
      'bravo-event',
      'bravo-alias',
      'bravo-custom',
      'bravo-author',
    ],
    foreignAccountTexts: [b.accountId, b.tag, b.name],
    fresh: async () => {
      await owner.query("DELETE FROM invitation WHERE account_id = $1 AND email LIKE 'fresh-%'", [a.accountId]);
      // an account may have a hundred of them
      await owner.query("DELETE FROM custom_provider WHERE account_id = $1 AND slug LIKE 'fresh-%'", [a.accountId]);
      await owner.query("DELETE FROM price_override WHERE account_id = $1 AND model LIKE 'fresh-%'", [a.accountId]);
      // what the operator did to it
      await owner.query('UPDATE account SET suspended_at = NULL, suspension_reason = NULL, gateways_max = NULL');
      return { ...own, ...(await makeThings(owner, a, `fresh-${++freshCount}`)) };
    },
  };
}

let freshCount = 0;

async function makeThings(owner: pg.Pool, tenant: TestTenant, name: string) {
  const gatewayName = `${name}-gateway`;
  const gatewayId = await tenant.gateway(gatewayName);
  await owner.query(
    `INSERT INTO gateway_version (gateway_id, number, account_id, actor, action, settings)
     VALUES ($1, 1, $2, 'user:${name}-author', 'gateway.create', '{}')`,
    [gatewayId, tenant.accountId],
  );
  await tenant.apiToken({ gatewayIds: [gatewayId] });
  const tokens = await owner.query<{ id: string }>('SELECT id FROM api_token WHERE gateway_ids = ARRAY[$1::uuid]', [
    gatewayId,
  ]);
  const origin = 'https://api.openai.com';
  const key = { gatewayId, provider: 'openai', alias: `${name}-alias`, origin, secret: `${name}-secret` };
  const providerKeyId = await tenant.providerKey(key);
  const baseUrl = 'https://api.example.com';
  const customProviderId = await tenant.customProvider({ slug: `${name}-custom`, baseUrl });
  const priceOverrideId = await tenant.priceOverride({ provider: 'openai', model: `${name}-model` });
  const person = await makePerson(owner, tenant, name);
  return {
    ...person,
    gatewayName,
    gatewayId,
    tokenId: tokens.rows[0]?.id ?? '',
    providerKeyId,
    customProviderId,
    priceOverrideId,
  };
}

/** A member with a session, and somebody who is invited. */
async function makePerson(owner: pg.Pool, { accountId }: TestTenant, name: string) {
  const user = await createUser(owner, { accountId, role: 'VIEWER' });
  const invitationId = newUuidV7();
  await owner.query(
    `INSERT INTO invitation (id, account_id, email, role, token_hash, created_by, expires_at)
     VALUES ($1, $2, $3, 'VIEWER', encode(sha256($5::bytea), 'hex'), $4, now() + interval '1 day')`,
    [invitationId, accountId, `${name}-invited@example.com`, user.id, invitationId],
  );
  const { rows } = await owner.query<{ member_id: string; session_id: string }>(
    `SELECT m.id AS member_id, s.id AS session_id FROM membership m JOIN session s ON s.user_id = m.user_id
     WHERE m.account_id = $1 AND m.user_id = $2`,
    [accountId, user.id],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a member that was made is not there');
  return { invitationId, memberId: row.member_id, memberEmail: user.email, sessionId: row.session_id };
}

async function fill(owner: pg.Pool, tenant: TestTenant, name: string): Promise<Omit<Target, 'foreignAccountId'>> {
  const { accountId, tag } = tenant;
  const things = await makeThings(owner, tenant, name);
  const logId = await createLog(
    owner,
    { accountId, gatewayId: things.gatewayId },
    {
      columns: {
        api_token_id: things.tokenId,
        event_id: `${name}-event`,
        streamed: true,
        time_to_first_token_ms: 5,
      },
      bodies: { request_body: Buffer.from(`${name}-body`), response_body: Buffer.from(`${name}-body`) },
    },
  );
  return { tag, accountId, ...things, logId };
}

async function makeCallers(owner: pg.Pool, tenant: TestTenant, gone: TestTenant): Promise<Caller[]> {
  const callers: Caller[] = [];
  for (const role of ROLES) {
    const user = await createUser(owner, { accountId: tenant.accountId, role });
    await addMember(owner, user.id, gone.accountId, role);
    callers.push({ name: role, kind: 'user', token: user.token, permissions: ROLE_PERMISSIONS[role] });
  }
  const operator = await createUser(owner, { isOperator: true });
  callers.push({ name: 'operator', kind: 'operator', token: operator.token, permissions: [] });
  for (const permission of PERMISSIONS) {
    const token = await tenant.apiToken({ permissions: [permission] });
    callers.push({ name: `token ${permission}`, kind: 'token', token, permissions: [permission] });
  }
  return [...callers, { name: 'none', kind: 'none', token: null, permissions: [] }];
}
