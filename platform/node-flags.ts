/**
 * Flags of Node that a tier runs with, wherever it is started: `npm start`, the bench, and by hand in `package.json` and
 * the Dockerfile, which a test holds against these.
 */

/**
 * Large pages for Node's own code (`silent`: where the system has them). A request runs through so much of it that the
 * processor's table of pages is too small, above all in a virtual machine: 8 % of a request, for 10 MiB of memory.
 */
export const TIER_NODE_FLAGS = ['--use-largepages=silent', '--enable-source-maps'] as const;
