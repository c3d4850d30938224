/**
 * Flags of Node that a tier runs with, wherever it is started: `npm start`, the bench, and by hand in `package.json` and
 * the Dockerfile, which a test holds against these.
 */

/**
 * Large pages for Node's own code (`silent`: where the system has them). A request runs through so much of it that the
 * processor's table of pages is too small, above all in a virtual machine: 8 % of a request, for 10 MiB of memory.
 *
 * The young generation as large from the beginning as it may become (MiB, of each of its halves). V8 begins with one and lets it grow when much of it
 * survives, which some processes never see: theirs stays small, is collected all the time, and promotes what would have died. A plain call took
 * 1.2 to 2.0 times the CPU of the bare relay's in thirteen such processes, and 1.2 to 1.5 in seven with it, which have 5 MiB less when they begin.
 */
export const TIER_NODE_FLAGS = ['--use-largepages=silent', '--min-semi-space-size=16', '--enable-source-maps'] as const;
