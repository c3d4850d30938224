/** How much work property and load tests do, and from which seed: printed by failures, repeated with TEST_SEED. */
import { testConfig } from './config.js';

export const TEST_SIZE = testConfig.TEST_SIZE;
/** The same for every file of one run when TEST_SEED is set. */
export const TEST_SEED = testConfig.TEST_SEED ?? Math.trunc(Math.random() * 2 ** 31);
/** Runs of one property of which each goes through Postgres. */
export const storedPropertyRuns = { numRuns: TEST_SIZE === 'full' ? 1_000 : 60, seed: TEST_SEED };
/** Runs of one property of which each goes through all pages of a list. */
export const pagedPropertyRuns = { numRuns: TEST_SIZE === 'full' ? 200 : 6, seed: TEST_SEED };
/** Of so many fields the tenant matrix asks one again, by the seed, when row-level security is the only wall. */
export const oneWallShare = TEST_SIZE === 'full' ? 1 : 4;
/** And of so many callers of the matrices, GraphQL's and REST's, one is asked for each row, by the seed. */
export const callerShare = TEST_SIZE === 'full' ? 1 : 8;
/** Of so many hostile or naughty texts one is sent to each place that takes a text, by the seed. */
export const hostileTextShare = TEST_SIZE === 'full' ? 1 : 10;
/** One in `share` of the items, by the seed; `turn` moves on which ones, so that many turns take all of them. */
export const sampled = <T>(items: readonly T[], share: number, turn = 0): T[] =>
  items.filter((_, index) => (index + turn + TEST_SEED) % share === 0);
/** Runs of one property of which each goes through several requests to the api. */
export const requestPropertyRuns = { numRuns: TEST_SIZE === 'full' ? 400 : 12, seed: TEST_SEED };
/** Which walls between tenants the matrix of REST runs with; GraphQL's own runs with each alone in any size. */
export const restMatrixWalls: readonly ('both' | 'row-level-security')[] =
  TEST_SIZE === 'full' ? ['both', 'row-level-security'] : ['both'];
/** Runs of one property: pass to fast-check as `{ numRuns, seed }`. */
export const propertyRuns = { numRuns: TEST_SIZE === 'full' ? 20_000 : 100, seed: TEST_SEED };
/** Of the ledger's proof: the small one takes half a minute. */
export const ledgerProofSize = TEST_SIZE === 'full' ? { requests: 10_000, faults: 60 } : { requests: 1_000, faults: 6 };
/** Runs of traffic through gateways with caches and without, of up to 48 requests each. */
export const simulatedTrials = { numRuns: TEST_SIZE === 'full' ? 300 : 3, seed: TEST_SEED };
/** Texts that are offered as API tokens and are none; 10 000 000 take some minutes in the modules of a test. */
export const fuzzedTokenCount = TEST_SIZE === 'full' ? 10_000_000 : 20_000;
/** Decisions of rate limits that are held against their definition. */
export const limitDecisions = TEST_SIZE === 'full' ? 1_000_000 : 20_000;
/** Trials of an explanation, of several requests each. */
export const explainedTrials = { numRuns: TEST_SIZE === 'full' ? 1_000 : 25, seed: TEST_SEED };
/** Transactions of tenants that share two connections. */
export const pooledTransactions = TEST_SIZE === 'full' ? 10_000 : 1_000;
/** Hostile documents that an api is sent. */
export const hostileDocuments = { numRuns: TEST_SIZE === 'full' ? 10_000 : 200, seed: TEST_SEED };
/** Runs of one property of which each fills an account of its own and asks an api several times. */
export const accountRuns = { numRuns: TEST_SIZE === 'full' ? 300 : 6, seed: TEST_SEED };
/** Requests at once, and one after the other, of which a limit lets a few pass. */
export const limitedRequests = TEST_SIZE === 'full' ? 1_000 : 250;
/** Of one proxy: at least one has several siblings. */
export const proxyWorkers = TEST_SIZE === 'full' ? 4 : 3;
/** Guesses of one password spray. */
export const signInGuesses = TEST_SIZE === 'full' ? 10_000 : 300;
/** Times that all workers are replaced under streams, and how many of these. */
export const rollingRestarts = TEST_SIZE === 'full' ? { times: 20, streams: 200 } : { times: 1, streams: 40 };
const PICTURES = [
  { width: 1280, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
  { width: 1280, colorScheme: 'dark' },
  { width: 390, colorScheme: 'light' },
] as const;
/** How pages of the dashboard are pictured: at full size each in every way, else by turns as one of the first two. */
export const picturesOf = (turn: number): readonly (typeof PICTURES)[number][] =>
  TEST_SIZE === 'full' ? PICTURES : PICTURES.slice(turn % 2, (turn % 2) + 1);
/** Connections that do nothing, or send and read slowly. */
export const slowConnections = TEST_SIZE === 'full' ? 4_000 : 150;
