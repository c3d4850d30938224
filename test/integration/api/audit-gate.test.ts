/**
 * Every mutation of the schema leaves an audit event in the transaction of its change. The list of mutations is the
 * schema's and their documents are the tenant matrix', so a new one is looked at as soon as it is there.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildApiSchema } from '../../../api/graphql/schema.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { graphqlCaller, type GraphqlAnswer } from '../../support/graphql.js';
import { PEOPLE_CHANGES } from '../../support/people-changes.js';
import { ALL_ROWS } from '../../support/tenant-matrix/people-rows.js';
import { buildWorld, type Caller, type World } from '../../support/tenant-matrix/world.js';
import { CHANGES, UNAUDITED } from '../../support/unaudited-mutations.js';

const MUTATIONS = Object.keys(buildApiSchema().getMutationType()?.getFields() ?? {});
const AUDITED = MUTATIONS.filter((name) => !(name in UNAUDITED));

let api: TestApi;
let world: World;

beforeAll(async () => {
  api = await startTestApi({ isSignUpOpen: true });
  world = await buildWorld(api.owner);
});
afterAll(() => api.stop());

/** Somebody who may, a user rather than a token. */
function callerOf(name: string): Caller {
  const row = ALL_ROWS[`Mutation.${name}`];
  const found = world.callers.find((caller) => row === undefined || row.expected(caller, 'own') === 'data');
  if (found === undefined) throw new Error(`nobody may call ${name}`);
  return found;
}

/** A call by somebody who may, of something that changes what nobody has touched. */
async function changing(name: string): Promise<() => Promise<GraphqlAnswer>> {
  const made = PEOPLE_CHANGES[name];
  if (made !== undefined) {
    const { token, variables } = await made.make(api);
    return () => graphqlCaller(api.url, token)(made.document, variables);
  }
  const change = CHANGES[name] ?? ALL_ROWS[`Mutation.${name}`];
  if (change === undefined) throw new Error(`${name} has neither a row in the tenant matrix nor a change of its own`);
  const target = await world.fresh();
  const { prepare } = CHANGES[name] ?? {};
  if (prepare !== undefined) await api.owner.query(prepare, [target.accountId, target.gatewayId]);
  const variables = change.variables(target);
  return () => graphqlCaller(api.url, callerOf(name).token)(change.document, variables);
}

interface Event {
  readonly action: string;
  readonly actor: string;
  readonly ip: string | null;
  readonly created_at: Date;
}

/** Everything that a mutation may change, but what every call touches: sessions and the last use of a token. */
async function everything(): Promise<string> {
  const { rows } = await api.owner.query<{ name: string }>(
    `SELECT quote_ident(c.relname) AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
       AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT IN ('session', 'audit_event')
     ORDER BY 1`,
  );
  expect(rows.length).toBeGreaterThan(15);
  const texts = [];
  for (const { name } of rows) {
    const dump = await api.owner.query<{ text: string }>(
      `SELECT (to_jsonb(t) - 'last_used_at')::text AS text FROM ${name} t`,
    );
    texts.push(name, ...dump.rows.map((row) => row.text).sort());
  }
  return texts.join('\n');
}

test('the exemptions are mutations that there are, each with a reason, and no others', () => {
  expect(Object.keys(UNAUDITED).filter((name) => !MUTATIONS.includes(name))).toEqual([]);
  expect(Object.keys({ ...CHANGES, ...PEOPLE_CHANGES }).filter((name) => !AUDITED.includes(name))).toEqual([]);
  expect(Object.values(UNAUDITED).filter((reason) => reason.length < 30)).toEqual([]);
  expect(Object.keys(UNAUDITED).length).toBeLessThan(AUDITED.length / 2);
});

test.each(AUDITED)(
  '%s changes nothing without its event, and leaves one that says what, who, when and from where',
  async (name) => {
    const call = await changing(name);
    await api.owner.query('TRUNCATE audit_event');
    const before = await everything();
    await api.owner.query('REVOKE INSERT ON audit_event FROM tollgate_api');
    try {
      (await call()).expectError('INTERNAL');
    } finally {
      await api.owner.query('GRANT INSERT ON audit_event TO tollgate_api');
    }
    expect(await everything()).toBe(before);
    const beganMs = Date.now();
    (await call()).expectData();
    const { rows: events } = await api.owner.query<Event>('SELECT action, actor, ip, created_at FROM audit_event');
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) {
      expect(event.action).toMatch(/^[a-z][A-Za-z]*\.[a-z][A-Za-z]*$/);
      expect(event.actor).toMatch(/^(?:user:\S+@\S+|token:[0-9a-f-]{36})$/);
      expect(event.ip).toBe('127.0.0.1');
      expect(event.created_at.getTime()).toBeGreaterThanOrEqual(beganMs);
    }
  },
);
