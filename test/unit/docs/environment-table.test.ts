import { expect, test } from '@jest/globals';
import { optionalText, port, variable } from '../../../platform/environment.js';
import {
  dotenvText,
  markdownTable,
  mergeVariables,
  requiredByCompose,
} from '../../../scripts/docs/environment-table.js';
import { replaceSection } from '../../../scripts/docs/marked-section.js';

const API = { process: 'api', table: { API_PORT: variable(port(4000), '4000', 'port of the api') } };
const START = {
  process: 'start',
  table: {
    API_PORT: variable(port(4000), 'four thousand', 'other words'),
    DEMO: variable(optionalText, '', 'on | off'),
  },
};

test('a variable that two processes read is one row, in the words of the first', () => {
  expect(mergeVariables([API, START])).toEqual([
    { name: 'API_PORT', description: 'port of the api', defaultText: '4000', processes: ['api', 'start'] },
    { name: 'DEMO', description: 'on | off', defaultText: '', processes: ['start'] },
  ]);
});

test('a bar in a description does not end its cell', () => {
  expect(markdownTable(mergeVariables([START]))).toContain('| `DEMO` |  | start | on \\| off |');
});

test('the example environment sets nothing', () => {
  const assignments = dotenvText(mergeVariables([API, START]), ['POSTGRES_PASSWORD'])
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(assignments).toEqual([]);
});

test('what a compose file cannot do without is found in it', () => {
  expect(requiredByCompose('a: ${A:?required}\nb: ${B:-x} ${A:?again}')).toEqual(['A']);
  expect(dotenvText([], ['A'])).toContain('# A=');
});

test('a generated section replaces what stood between its markers and nothing else', () => {
  const text = 'a\n<!-- begin generated: x -->\nold\n<!-- end generated: x -->\nb\n';
  expect(replaceSection(text, 'x', 'new')).toBe(
    'a\n<!-- begin generated: x -->\n\nnew\n\n<!-- end generated: x -->\nb\n',
  );
});

test('a document without the markers is refused', () => {
  expect(() => replaceSection('a', 'x', 'new')).toThrow('no markers');
});
