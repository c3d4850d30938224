import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { API_ERROR_CODES } from '../../../api/errors.js';
import { ERROR_CODES } from '../../../schema/contracts/error-codes.js';

const PAGE = readFileSync('docs/errors.md', 'utf8');

interface DocumentedError {
  readonly code: number;
  readonly status: number;
  readonly name: string;
  readonly retryable: boolean;
}

/** Rows of the proxy's table: code, status, name and whether to try again. */
function documentedErrors(): DocumentedError[] {
  const rows = PAGE.matchAll(/^\|\s*(\d{4})\s*\|\s*(\d{3})\s*\|\s*`(\w+)`\s*\|\s*(yes|no)\s*\|/gm);
  return [...rows].map(([, code, status, name, again]) => ({
    code: Number(code),
    status: Number(status),
    name: name ?? '',
    retryable: again === 'yes',
  }));
}

test('every error of the proxy is documented as the code defines it, and no other', () => {
  const defined = Object.entries(ERROR_CODES).map(([name, { code, status, retryable }]) => ({
    code,
    status,
    name,
    retryable,
  }));
  expect(documentedErrors()).toEqual(defined);
  expect(documentedErrors()).toHaveLength(Object.keys(ERROR_CODES).length);
});

test('every error is explained', () => {
  const rows = PAGE.split('\n').filter((line) => /^\|\s*\d{4}\s*\|/.test(line));
  for (const row of rows) expect(row.split('|')[5]?.trim()).not.toBe('');
});

test('every GraphQL error code is documented, and no other', () => {
  const rows = PAGE.matchAll(/^\|\s*`([A-Z_]+)`\s*\|/gm);
  expect([...rows].map(([, code]) => code)).toEqual([...API_ERROR_CODES, 'INTERNAL']);
});
