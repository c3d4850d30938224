import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import {
  assertEveryFieldAuthorized,
  declarationOf,
  fieldsThatOpenData,
} from '../../../api/graphql/authorization-check.js';
import {
  ACTIONS,
  grantable,
  isAccountWide,
  isOpenWhenSuspended,
  ROLE_PERMISSIONS,
  type Action,
} from '../../../api/authorization.js';
import { buildApiSchema } from '../../../api/graphql/schema.js';
import { PERMISSIONS, type Permission } from '../../../schema/contracts/permissions.js';

test('every field that opens data declares its action, and only the ways in are public', () => {
  const schema = buildApiSchema();
  const open = fieldsThatOpenData(schema);
  expect(open.length).toBeGreaterThan(30);
  expect(open.filter((field) => declarationOf(schema, field) === 'public')).toEqual([
    'Mutation.acceptInvitation',
    'Mutation.resetPassword',
    'Mutation.signIn',
    'Mutation.signUp',
    'Query.invitation',
    'Query.signInOptions',
  ]);
});

test('what is open in a suspended account is what queries do, and of mutations revoking a token', () => {
  const schema = buildApiSchema();
  const misplaced = fieldsThatOpenData(schema).filter((field) => {
    const action = declarationOf(schema, field);
    if (action === null || action === 'public') return false;
    return isOpenWhenSuspended(action as Action) === field.startsWith('Mutation.'); // declarations are actions
  });
  expect(misplaced).toEqual(['Mutation.revokeApiToken']);
});

test('every action is the whole account’s, or a token that is limited to gateways does it within them', () => {
  // The scope that it is given has its gateways, by which the statement or the service keeps to them; or it only reads
  // what all gateways show. An action that is new belongs here once that is so, or else to the account-wide ones.
  const WITHIN =
    /^(account\.read|gateway\.(endpoint|read|update|delete|history|rollback)|cache\.purge|providerKey\..*|request\.explain|log\..*|cost\.recalculate|analytics\.read|insight\.read|apiToken\..*|viewer\.read|customProvider\.list|priceOverride\.list|priceList\.read)$/;
  for (const [action, requirement] of Object.entries(ACTIONS)) {
    const isForUsers = requirement === 'USER' || requirement === 'OPERATOR';
    const isWithin = isForUsers || WITHIN.test(action);
    expect([action, isAccountWide(action as Action)]).toEqual([action, !isWithin]); // keys are actions
  }
});

test('a field that declares nothing keeps the api from starting', () => {
  const schema = buildApiSchema();
  const fields = schema.getQueryType()?.getFields();
  if (fields?.['viewer'] !== undefined) fields['viewer'].extensions = {};
  expect(() => assertEveryFieldAuthorized(schema)).toThrow('Query.viewer');
});

test('roles hold what stands in the table, each what the one below it holds', () => {
  expect(ROLE_PERMISSIONS.VIEWER).toEqual(['AI_GATEWAY_READ']);
  const order = [ROLE_PERMISSIONS.VIEWER, ROLE_PERMISSIONS.EDITOR, ROLE_PERMISSIONS.ADMIN, ROLE_PERMISSIONS.OWNER];
  for (const [index, held] of order.slice(1).entries())
    expect(held).toEqual(expect.arrayContaining([...(order[index] ?? [])]));
  expect(order.flat()).not.toContain('AI_GATEWAY_RUN');
});

test('T-TOK-3 whatever is held, nothing beyond it can be granted but RUN, by a user who may edit the account', () => {
  for (let bits = 0; bits < 2 ** PERMISSIONS.length; bits++) {
    const held = new Set<Permission>(PERMISSIONS.filter((_, index) => (bits & (1 << index)) !== 0));
    expect(grantable(held, false)).toEqual(held);
    const run: Permission[] = held.has('ACCOUNT_EDIT') ? ['AI_GATEWAY_RUN'] : [];
    expect(grantable(held, true)).toEqual(new Set([...held, ...run]));
  }
});

test('only access.ts issues account scopes', () => {
  const root = new URL('../../../../api/', import.meta.url);
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  expect(sources).toContain('access.ts');
  const issuers = sources.filter((file) => readFileSync(new URL(file, root), 'utf8').includes('issueAccountScope'));
  expect(issuers.sort()).toEqual(['access.ts', 'tenancy/account-scope.ts']);
});
