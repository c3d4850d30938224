import { monitorEventLoopDelay } from 'node:perf_hooks';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildApiSchema } from '../../../api/graphql/schema.js';
import { anyText } from '../../support/any-text.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { postGraphql } from '../../support/graphql.js';
import { createUser } from '../../support/seed.js';
import { hostileDocuments } from '../../support/test-size.js';

let api: TestApi;
let token: string;

beforeAll(async () => {
  api = await startTestApi();
  ({ token } = await createUser(api.owner));
});
afterAll(() => api.stop());

const fields = [
  ...new Set(
    Object.values(buildApiSchema().getTypeMap()).flatMap((type) =>
      'getFields' in type ? Object.keys(type.getFields()) : [],
    ),
  ),
];
const name = fc.oneof(
  fc.constantFrom(...fields, '__schema', '__typename', '__type', '__proto__'),
  fc.stringMatching(/^[a-z_]{1,8}$/),
);
const type = fc.constantFrom('Viewer', 'Query', 'Account', 'AccountConnection', 'Mutation', 'Nope');
const value = fc.oneof(
  fc.constantFrom('1', '-1', '1e400', '9'.repeat(400), '"x"', '"""x"""', 'null', 'RED', '$v', '"\\u0000"', '{}', '[]'),
  fc.integer({ min: 1, max: 400 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`),
  fc.integer({ min: 1, max: 200 }).map((depth) => `${'{a:'.repeat(depth)}1${'}'.repeat(depth)}`),
);

/** Selections that look like ours: most of them are invalid, all of them can be parsed. */
const { selection } = fc.letrec<{ selection: string }>((tie) => ({
  selection: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    name,
    fc.tuple(name, name, value).map(([alias, field, of]) => `${alias}: ${field}(first: ${of}, input: ${of})`),
    fc
      .tuple(name, fc.array(tie('selection'), { minLength: 1, maxLength: 6 }))
      .map(([field, below]) => `${field} { ${below.join(' ')} }`),
    fc
      .tuple(type, fc.array(tie('selection'), { minLength: 1, maxLength: 6 }))
      .map(([on, below]) => `... on ${on} { ${below.join(' ')} }`),
    fc.integer({ min: 0, max: 9 }).map((index) => `...f${index}`),
    fc
      .tuple(name, fc.integer({ min: 1, max: 30 }))
      .map(([field, times]) => `${field} ${'@include(if: $v) '.repeat(times)}`),
  ),
}));
const selections = fc.array(selection, { minLength: 1, maxLength: 8 }).map((all) => all.join(' '));
const repeated = fc
  .tuple(selections, fc.integer({ min: 2, max: 300 }))
  .map(([text, times]) => `${text} `.repeat(times));
const fragments = fc.array(fc.tuple(type, fc.oneof(selections, repeated)), { maxLength: 10 });
const document = fc
  .tuple(
    fc.constantFrom('', 'query ', 'query ($v: Boolean = true) ', 'mutation ', 'subscription '),
    fc.oneof(selections, repeated),
    fragments,
  )
  .map(
    ([head, body, parts]) =>
      `${head}{ ${body} } ${parts.map(([on, text], index) => `fragment f${index} on ${on} { ${text} }`).join(' ')}`,
  );
/** Texts that are no documents, too. */
const text = fc.oneof(
  { weight: 6, arbitrary: document },
  { weight: 1, arbitrary: document.chain((whole) => fc.nat(whole.length).map((end) => whole.slice(0, end))) },
  { weight: 1, arbitrary: anyText({ maxLength: 400 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 14_000 }).map((times) => '# x\n'.repeat(times)) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 30_000 }).map((times) => '{ a '.repeat(Math.ceil(times / 3))) },
);
const variables = fc.oneof(
  fc.constant(undefined),
  fc.dictionary(fc.constantFrom('v', 'x', '__proto__', 'constructor'), fc.jsonValue()),
  fc.jsonValue(),
);

test('T-GQL-4 no hostile document is the fault of the api, or takes it long', async () => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const before = process.cpuUsage();
  delay.enable();
  await fc.assert(
    fc.asyncProperty(text, variables, async (query, values) => {
      const answer = await postGraphql(api.url, JSON.stringify({ query, variables: values }), {
        authorization: `Bearer ${token}`,
      });
      expect(answer.status).toBeLessThan(500);
      expect(answer.errors.map(({ extensions }) => extensions.code)).not.toContain('INTERNAL');
    }),
    hostileDocuments,
  );
  delay.disable();
  const { user, system } = process.cpuUsage(before);
  const stalls = [50, 99, 99.9, 100].map((part) => `p${part} ${(delay.percentile(part) / 1e6).toFixed(1)} ms`);
  const cpu = (user + system) / 1_000 / hostileDocuments.numRuns;
  process.stderr.write(
    `T-GQL-4: ${hostileDocuments.numRuns} hostile documents, ${cpu.toFixed(1)} ms of CPU each (their sender's included); ` +
      `the event loop stood still for ${stalls.join(', ')}\n`,
  );
});
