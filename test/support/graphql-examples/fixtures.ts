/** What one example of docs/graphql.md has to itself: an account with one of everything, and those who call. */
import type { ExampleCaller, FixtureName } from '../../../scripts/docs/graphql-examples/example.js';
import { FIXTURES } from '../../../scripts/docs/graphql-examples/example.js';
import type { TestApi } from '../api.js';
import { createLog, createUser } from '../seed.js';
import { createTenant } from '../tenant.js';

const DAY_MS = 86_400_000;

export interface ExampleFixtures {
  readonly values: Readonly<Record<FixtureName, string>>;
  readonly tokens: Readonly<Record<ExampleCaller, string | null>>;
}

export async function makeFixtures({ api, owner }: TestApi): Promise<ExampleFixtures> {
  const tenant = await createTenant(owner);
  const { accountId } = tenant;
  const [user, operator] = [await createUser(owner, { accountId }), await createUser(owner, { isOperator: true })];
  const member = await createUser(owner, { accountId, role: 'EDITOR' });
  const members = await owner.query<{ id: string }>('SELECT id FROM membership WHERE user_id = $1', [member.id]);
  const password = FIXTURES['owner.password'];
  await owner.query('UPDATE app_user SET password_hash = $1 WHERE id = $2', [
    await api.services.passwords.hash(password),
    user.id,
  ]);
  const gatewayId = await tenant.gateway(FIXTURES['gateway.name']);
  await tenant.apiToken({ gatewayIds: [gatewayId] });
  const tokens = await owner.query<{ id: string }>('SELECT id FROM api_token WHERE account_id = $1', [accountId]);
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const logId = await createLog(
    owner,
    { accountId, gatewayId },
    {
      atMs: today - DAY_MS / 2,
      bodies: {
        request_body: Buffer.from('{"model":"gpt-test"}'),
        response_body: Buffer.from('{"choices":[]}'),
      },
    },
  );
  const origin = 'https://api.openai.com';
  const key = { gatewayId, provider: 'openai', alias: 'default', origin, secret: 'sk-an-example-of-a-key-abcd' };
  return {
    values: {
      'account.id': accountId,
      'account.tag': tenant.tag,
      'account.name': tenant.name,
      'owner.email': user.email,
      'owner.password': password,
      'operator.email': operator.email,
      'member.id': members.rows[0]?.id ?? '',
      'member.email': member.email,
      'gateway.id': gatewayId,
      'gateway.name': FIXTURES['gateway.name'],
      'token.id': tokens.rows[0]?.id ?? '',
      'providerKey.id': await tenant.providerKey(key),
      'customProvider.id': await tenant.customProvider({ slug: 'lab', baseUrl: 'https://lab.example.com/v1' }),
      'priceOverride.id': await tenant.priceOverride({ provider: 'openai', model: 'gpt-house' }),
      'log.id': logId,
      'day.from': new Date(today - DAY_MS).toISOString(),
      'day.to': new Date(today).toISOString(),
      'today.date': new Date(today).toISOString().slice(0, 10),
      'day.date': new Date(today - DAY_MS).toISOString().slice(0, 10),
    },
    tokens: { owner: user.token, operator: operator.token, anonymous: null },
  };
}
