/**
 * What `@jest/globals` is to files that Node itself loads (native-runner.ts). These bindings live: whoever imported
 * them while an earlier test file ran registers with the one that runs now.
 */
import type * as jestGlobals from '@jest/globals';

type Globals = Pick<
  typeof jestGlobals,
  'afterAll' | 'afterEach' | 'beforeAll' | 'beforeEach' | 'describe' | 'expect' | 'it' | 'test'
> & { readonly jest: Pick<typeof jestGlobals.jest, 'fn' | 'spyOn' | 'restoreAllMocks'> };

export let afterAll: Globals['afterAll'];
export let afterEach: Globals['afterEach'];
export let beforeAll: Globals['beforeAll'];
export let beforeEach: Globals['beforeEach'];
export let describe: Globals['describe'];
export let expect: Globals['expect'];
export let it: Globals['it'];
export let jest: Globals['jest'];
export let test: Globals['test'];

/** Called before each test file. */
export function setGlobals(globals: Globals): void {
  ({ afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } = globals);
}

export type { Globals };
