import { test, expect } from '@jest/globals';
import { figure } from '../../../bench/figures.js';
import { asJson, figuresTable } from '../../../bench/report.js';

const machine = { cpu: 'a CPU', cores: 2, system: 'Linux', node: 'v20', isPinned: true, answersFirst: true };
const outcome = { machine, commit: 'abc1234', figures: figure('P1', [0.7, 0.6, 0.65]) };

test('the JSON report names each figure with its value, target and spread', () => {
  const parsed: unknown = JSON.parse(asJson(outcome));
  expect(parsed).toEqual({
    machine,
    commit: 'abc1234',
    figures: { P1: { value: 0.65, target: '≥ 0.70', spread: [0.6, 0.7] } },
  });
});

test('the table shows value, target, spread and the machine', () => {
  const text = figuresTable(outcome);
  expect(text).toContain('| 0.65  | ≥ 0.70 | 0.60 … 0.70 |');
  expect(text).toContain('a CPU, 2 cores');
});

test('a run on a machine that cannot pin says so', () => {
  expect(figuresTable({ ...outcome, machine: { ...machine, isPinned: false } })).toContain('NOT PINNED');
});

test('a run in which requests wait for Postgres says so', () => {
  expect(figuresTable({ ...outcome, machine: { ...machine, answersFirst: false } })).toContain('WAIT FOR POSTGRES');
});

test('what the machine could not tell is no figure', () => {
  expect(figure('P4', [Number.NaN, Number.NaN])).toEqual([]);
});
