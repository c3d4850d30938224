/**
 * Runs test files as Jest's own runner does, except that Node loads them, and each module once for all files of a
 * worker. Jest loads every module anew for every file, in a context in which all of them run slower: of 100 integration
 * tests that was a third of the time. Files may do without that wall: none changes what it shares with another one, or
 * it puts it back (`restoreAllMocks`); two databases are never one.
 */
import 'reflect-metadata'; // before any entity, whichever file is first, as in api/main.ts
import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { setGlobals, type Globals } from './native-globals.js';

/** Of Jest's runtime of one file: the ways by which its circus runner loads modules and hands out what `test` is. */
interface Loading {
  requireInternalModule(path: string): unknown;
  setGlobalsForRuntime(globals: Omit<Globals, 'jest'>): void;
  unstable_shouldLoadAsEsm(path: string): boolean;
  unstable_importModule(path: string): Promise<unknown>;
}

interface Environment {
  readonly moduleMocker: Globals['jest'];
}

type Runner = (
  ...jest: [globalConfig: unknown, config: unknown, Environment, Loading, path: string, report: unknown]
) => Promise<unknown>;

const require = createRequire(import.meta.url);
const circus = require('jest-circus/runner') as { readonly default: Runner }; // it comes without types
register('./native-hooks.js', import.meta.url);

/** Jest calls it once a file, with a runtime of that file's own. */
const runNatively: Runner = (...[globalConfig, config, environment, runtime, path, report]) => {
  const loading: Loading = {
    requireInternalModule: requireAnew,
    setGlobalsForRuntime: (globals) => setGlobals({ ...globals, jest: mocksOf(environment) }),
    unstable_shouldLoadAsEsm: () => true,
    unstable_importModule: (module) => import(pathToFileURL(module).href),
  };
  return circus.default(globalConfig, config, environment, Object.assign(runtime, loading), path, report);
};

/** What holds the tests of one file, and who hears of them, is to be another one for the next file. */
function requireAnew(path: string): unknown {
  delete require.cache[path];
  Reflect.deleteProperty(globalThis, Symbol.for('EVENT_HANDLERS'));
  return require(path);
}

const mocksOf = ({ moduleMocker }: Environment): Globals['jest'] => ({
  fn: moduleMocker.fn.bind(moduleMocker),
  spyOn: moduleMocker.spyOn.bind(moduleMocker),
  restoreAllMocks: () => moduleMocker.restoreAllMocks(),
});

export default runNatively; // jest takes the default export and nothing else
