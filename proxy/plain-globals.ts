/**
 * Node gives `Buffer`, `performance` and `process` by getters of the global object, which V8 calls anew for each
 * mention of them, in optimized code as well, for some 8 ns each time. As plain properties they are
 * constants to it. Imported before anything that mentions them much.
 */
for (const name of ['Buffer', 'performance', 'process'] as const) {
  const { enumerable = false } = Object.getOwnPropertyDescriptor(globalThis, name) ?? {};
  Object.defineProperty(globalThis, name, { value: globalThis[name], writable: true, enumerable, configurable: true });
}
