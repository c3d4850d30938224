/**
 * A hook of Node's module loader (native-runner.ts registers it): `@jest/globals` itself refuses to be loaded by Node.
 */
const GLOBALS = new URL('native-globals.js', import.meta.url).href;

interface Resolution {
  readonly url: string;
  readonly shortCircuit?: boolean;
}

export function resolve(
  specifier: string,
  context: unknown,
  nextResolve: (specifier: string, context: unknown) => Promise<Resolution>,
): Resolution | Promise<Resolution> {
  return specifier === '@jest/globals' ? { url: GLOBALS, shortCircuit: true } : nextResolve(specifier, context);
}
