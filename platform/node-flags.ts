/**
 * Flags of Node that a tier runs with, wherever it is started: `npm start`, the bench, and by hand in `package.json`
 * and the Dockerfile, which a test holds against these.
 */

/**
 * Large pages for Node's own code (`silent`: where the system has them). A request runs through so much of it that the
 * processor's table of pages is too small, above all in a virtual machine: 8 % of a request, for 10 MiB of memory.
 *
 * The young generation as large from the beginning as it may become (MiB, of each of its halves). V8 begins with a
 * small one and lets it grow when much of it survives, which some processes see late or never: theirs is collected all
 * the time, and promotes what would have died. A plain call takes 5 to 12 % less so, in the mean of several processes,
 * and one that has just started has 5 MiB less.
 */
export const TIER_NODE_FLAGS = ['--use-largepages=silent', '--min-semi-space-size=16', '--enable-source-maps'] as const;

/**
 * The proxy is compiled by its own thread. V8's compiler, on a thread beside, may not look whether a name is that of an
 * index, and so finds no method of a typed array: `copy` and `subarray` of a Buffer were looked up in each call, and
 * never inlined (V8 11, `ComputePropertyAccessInfo`). It costs what has just started a second of its first ten,
 * up to 40 ms at a time (docs/decisions/0052).
 *
 * As these methods are inlined now, each function may have twice as much inlined as by default: 2 to 3 % of a call.
 */
export const PROXY_NODE_FLAGS = [
  ...TIER_NODE_FLAGS,
  '--no-concurrent-recompilation',
  '--max-inlined-bytecode-size-cumulative=2000',
] as const;
