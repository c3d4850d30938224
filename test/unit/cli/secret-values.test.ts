import { expect, test } from '@jest/globals';
import { secretValues } from '../../../cli/secret-values.js';

const FILE = { path: '-', secretReferences: new Set(['env:KEY', 'env:EMPTY']) };
const variable = (name: string): string | null =>
  ({ KEY: 'secret', EMPTY: '', OTHER: 'of somebody else' })[name] ?? null;

test('what the file names is read, and what is missing is named', () => {
  expect(secretValues(['env:KEY'], FILE, variable)).toEqual([{ from: 'env:KEY', value: 'secret' }]);
  expect(() => secretValues(['env:KEY', 'env:EMPTY'], FILE, variable)).toThrow('there is no secret at env:EMPTY');
});

test.each(['env:OTHER', 'file:/etc/hostname'])(
  '%s, which the api asks for and the file does not name, is not read',
  (from) => {
    expect(() => secretValues(['env:KEY', from], FILE, variable)).toThrow(`the api asks for ${from}`);
  },
);
