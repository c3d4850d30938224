import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { z } from 'zod';

const MODULE = new URL('../../../proxy/plain-globals.js', import.meta.url).href;
const NAMES = ['Buffer', 'performance', 'process'];

/** Which of the globals are told by getters in a process of its own; Jest's are no longer Node's. */
const getters = (before: string): string[] => {
  const code = `${before}; console.log(JSON.stringify(${JSON.stringify(NAMES)}.filter((name) =>
    Object.getOwnPropertyDescriptor(globalThis, name).get !== undefined)))`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' });
  return z.array(z.string()).parse(JSON.parse(output));
};

test('what Node tells by getters of the global object are plain properties afterwards', () => {
  expect(getters('')).toEqual(NAMES); // otherwise the module has nothing to do any more, and can go
  expect(getters(`await import(${JSON.stringify(MODULE)})`)).toEqual([]);
});

test('they stay what they are', () => {
  const code = `
    const before = { Buffer, performance, process };
    await import(${JSON.stringify(MODULE)});
    console.log(before.Buffer === Buffer && before.performance === performance && before.process === process);`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' });
  expect(output.trim()).toBe('true');
});
