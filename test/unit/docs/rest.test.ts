/** The page of the management REST: every route and every field that there is, and no other. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ACTIONS } from '../../../api/authorization.js';
import { HTTP_STATUSES } from '../../../api/errors.js';
import { customProviderObject } from '../../../api/rest/custom-provider-fields.js';
import { gatewayObject } from '../../../api/rest/gateway-fields.js';
import { logDetail } from '../../../api/rest/log-fields.js';
import { FILTER_KEYS, LOG_PARAMS, SELECTION_PARAMS } from '../../../api/rest/log-filters.js';
import { providerConfigObject } from '../../../api/rest/provider-config-routes.js';
import { WIRE_CODES } from '../../../api/rest/rest-errors.js';
import { REST_ROUTES } from '../../../api/rest/rest-router.js';
import { DEFAULT_GATEWAY_SETTINGS } from '../../../schema/contracts/gateway-settings.js';
import type { CustomProviderId, GatewayId, ProviderKeyId } from '../../../schema/contracts/ids.js';
import { plainLog } from '../../support/plain-log.js';

const PAGE = readFileSync('docs/rest.md', 'utf8');
const ERRORS = readFileSync('docs/errors.md', 'utf8');
const NOW = new Date(0);

const section = (heading: string): string => PAGE.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
const named = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

/** The names in the first column of a section's table. */
const fieldsOf = (heading: string): string[] =>
  section(heading)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => named(line.split('|')[1] ?? ''));

test('every route is documented with its permission and its parameters, and no other', () => {
  const rows = section('Calls').matchAll(/^\| ([A-Z]+) +\| `([^`]+)` +\|([^|]*)\|([^|]*)\|$/gm);
  const documented = [...rows].map(([, method = '', path = '', permissions = '', parameters = '']) => ({
    route: `${method.toLowerCase()} ${path}`,
    permissions: named(permissions),
    parameters: path.endsWith('/logs') ? [] : named(parameters),
  }));
  const isOfLogs = (path: string): boolean => path.endsWith('/logs');
  const defined = REST_ROUTES.map(({ method, path, actions, query }) => ({
    route: `${method} ${path}`,
    permissions: actions.map((action) => ACTIONS[action]),
    parameters: isOfLogs(path) ? [] : [...query],
  }));
  const byRoute = (left: { route: string }, right: { route: string }): number => (left.route < right.route ? -1 : 1);
  expect(documented.toSorted(byRoute)).toEqual(defined.toSorted(byRoute));
});

test('every field that an answer has is documented, and no other', () => {
  const gateway = { id: '' as GatewayId, name: '', createdAt: NOW, updatedAt: NOW };
  expect(fieldsOf('Gateways').toSorted()).toEqual(
    Object.keys(gatewayObject({ tag: '' }, gateway, DEFAULT_GATEWAY_SETTINGS)).toSorted(),
  );
  expect(fieldsOf('Logs').toSorted()).toEqual(Object.keys(logDetail(plainLog(), null)).toSorted());
  const key = { id: '' as ProviderKeyId, alias: '', provider: '', target: {}, lastFour: '', updatedAt: NOW };
  expect(fieldsOf('Provider keys').toSorted()).toEqual(Object.keys(providerConfigObject(key, '')).toSorted());
  const id = '' as CustomProviderId;
  const provider = { id, slug: '', name: '', baseUrl: '', headerNames: [], createdAt: NOW, updatedAt: NOW };
  expect(fieldsOf('Custom providers').toSorted()).toEqual(Object.keys(customProviderObject(provider)).toSorted());
});

test('every parameter and every key by which logs are found is named', () => {
  const names = new Set(named(section('Logs')));
  const parameters = LOG_PARAMS.filter((name) => !name.startsWith('filters.'));
  expect([...parameters, ...FILTER_KEYS].filter((name) => !names.has(name))).toEqual([]);
  const deletion = REST_ROUTES.find(({ method, path }) => method === 'delete' && path.endsWith('/logs'));
  expect(deletion?.query).toEqual([...SELECTION_PARAMS, 'limit']);
});

test('every code of the management REST is documented as the code defines it', () => {
  const rows = ERRORS.matchAll(/^\|\s*(\d{3})\s*\|\s*(\d+)\s*\|\s*`([A-Z_]+)`\s*\|/gm);
  const documented = [...rows].map(([, status, code, name]) => ({ name, status: Number(status), code: Number(code) }));
  const codes = Object.fromEntries(documented.map(({ name, code }) => [name, code]));
  const statuses = Object.fromEntries(documented.map(({ name, status }) => [name, status]));
  expect(codes).toEqual(WIRE_CODES);
  expect(statuses).toEqual({ ...HTTP_STATUSES, NO_ROUTE: HTTP_STATUSES.NOT_FOUND });
});
