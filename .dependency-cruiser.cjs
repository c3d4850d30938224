// Who may import whom, over the compiled output (TypeScript 7 has no API that this tool could read sources by).
// Type-only imports leave no trace there: `.oxlintrc.json` repeats the walls between tiers for sources.
const ours = '^dist/';
const frameworks = 'node_modules/(typeorm|type-graphql|graphql|graphql-scalars|@apollo|class-validator|dataloader)/';

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    forbid(
      'no-cycle',
      'Entities refer to each other by thunks; nothing else may.',
      { pathNot: '^dist/schema/entities' },
      { circular: true },
    ),
    forbid('resolvable', 'Every import must be found.', {}, { couldNotResolve: true, pathNot: '^(bun|deno):' }),
    forbid(
      'no-dev-dependency',
      'What runs in production is a dependency.',
      { path: `${ours}(schema|migrations|platform|api|proxy|cli)/` },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    ),
    forbid(
      'no-source-to-test',
      'Sources never know their tests.',
      { path: ours, pathNot: `${ours}test/` },
      { path: `${ours}test/` },
    ),
    forbid(
      'no-tier-to-tool',
      'Tools use the tiers, never the reverse.',
      { path: `${ours}(schema|migrations|platform|api|proxy)/` },
      { path: `${ours}(scripts|bench|ledger-proof|demo|cli)/` },
    ),
    forbid(
      'contracts',
      'Contracts are framework-free: zod and Node only.',
      { path: `${ours}schema/contracts/` },
      { pathNot: [`${ours}schema/contracts/`, 'node_modules/zod/'], dependencyTypesNot: ['core'] },
    ),
    forbid(
      'entities',
      'Entities know contracts and their two frameworks.',
      { path: `${ours}schema/` },
      { path: `${ours}(api|proxy|platform|migrations)/` },
    ),
    forbid(
      'platform',
      'Plumbing knows no tier and no entity.',
      { path: `${ours}platform/` },
      { path: [`${ours}(api|proxy|migrations)/`, `${ours}schema/(?!contracts/)`, frameworks] },
    ),
    forbid(
      'migrations',
      'History may not change because an entity did.',
      { path: `${ours}migrations/` },
      { path: [`${ours}(api|proxy)/`, `${ours}schema/(?!contracts/)`, frameworks] },
    ),
    forbid(
      'api-not-to-proxy',
      'The tiers share contracts, not code.',
      { path: `${ours}api/` },
      { path: `${ours}proxy/` },
    ),
    forbid(
      'api-modules',
      'A module is entered through its index.ts.',
      { path: `${ours}api/modules/([^/]+)/` },
      { path: `${ours}api/modules/`, pathNot: [`${ours}api/modules/$1/`, `${ours}api/modules/[^/]+/index\\.js$`] },
    ),
    forbid(
      'api-modules-not-to-wiring',
      'Modules receive what they need; they do not fetch it.',
      { path: `${ours}api/modules/` },
      { path: `${ours}api/(main|config|create-api)\\.js$` },
    ),
    forbid(
      'proxy',
      'The data plane knows contracts and platform: no ORM, no GraphQL, no api.',
      { path: `${ours}proxy/` },
      { path: [`${ours}(api|migrations)/`, `${ours}schema/(?!contracts/)`, frameworks] },
    ),
    forbid(
      'cli',
      'The command line is a client of the public api: it shares its documents, and plumbing.',
      { path: `${ours}cli/` },
      { path: ours, pathNot: [`${ours}cli/`, `${ours}schema/contracts/`, `${ours}platform/`] },
    ),
    forbid(
      'stages',
      "Only the pipeline, what explains it (and a stage's own test) calls a stage.",
      { path: ours, pathNot: [`${ours}proxy/pipeline\\.js$`, `${ours}proxy/explain/`, `${ours}test/`] },
      { path: `${ours}proxy/stages/(?!meter\\.js$)` },
    ),
    forbid(
      'meter',
      'The meter belongs to the relay, which feeds it each chunk.',
      { path: ours, pathNot: [`${ours}proxy/stages/relay\\.js$`, `${ours}test/`] },
      { path: `${ours}proxy/stages/meter\\.js$` },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/dashboard' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
