/** Sends one example of docs/graphql.md to a real api, after the steps that it needs. */
import type { ExampleStep, ExampleVariables, GraphqlExample } from '../../../scripts/docs/graphql-examples/example.js';
import { withNames } from '../../../scripts/docs/graphql-page.js';
import type { TestApi } from '../api.js';
import { graphqlCaller } from '../graphql.js';
import { subscribeBySse } from '../subscriber.js';
import { waitFor } from '../wait-for.js';
import { makeFixtures, type ExampleFixtures } from './fixtures.js';
import { withStandIns } from './stand-ins.js';

export interface ExampleSurroundings {
  readonly api: TestApi;
  /** makes a log appear in the fixtures' gateway: what a subscription tells of */
  readonly call: (values: ExampleFixtures['values']) => Promise<void>;
}

/** What the api answers, as the page shows it. */
export async function answerOf(example: GraphqlExample, { api, call }: ExampleSurroundings): Promise<unknown> {
  const fixtures = await makeFixtures(api);
  const names: Record<string, string> = { ...fixtures.values };
  for (const step of example.given ?? []) {
    const answer = (await send(api, fixtures, step, names)) as { data: unknown; errors?: unknown }; // GraphQL's
    if (answer.errors !== undefined) throw new Error(`A step before fails: ${JSON.stringify(answer)}`);
    for (const [name, path] of Object.entries(step.keep ?? {})) names[name] = textAt(answer.data, path);
  }
  const answer = example.document.trimStart().startsWith('subscription')
    ? await firstEvent(api, fixtures, example, () => call(fixtures.values))
    : await send(api, fixtures, example, names);
  return withStandIns(answer, fixtures.values, example.varies);
}

const named = (variables: ExampleVariables | undefined, names: Readonly<Record<string, string>>) =>
  withNames(variables ?? {}, (name) => {
    const value = names[name];
    if (value === undefined) throw new Error(`Nothing is called {${name}}.`);
    return value;
  }) as Record<string, unknown>; // an object stays one

async function send(
  api: TestApi,
  fixtures: ExampleFixtures,
  { document, variables, as = 'owner' }: ExampleStep,
  names: Readonly<Record<string, string>>,
): Promise<unknown> {
  const answer = await graphqlCaller(api.url, fixtures.tokens[as])(document, named(variables, names));
  return JSON.parse(answer.text);
}

async function firstEvent(
  api: TestApi,
  { tokens, values }: ExampleFixtures,
  { document, variables, as = 'owner' }: GraphqlExample,
  cause: () => Promise<void>,
): Promise<unknown> {
  const subscriber = await subscribeBySse(api.url, tokens[as], {
    query: document,
    variables: named(variables, values),
  });
  try {
    await cause();
    const logs = await waitFor(() => subscriber.logs[0] ?? null, 'the subscription tells of the log');
    return { data: { logs } };
  } finally {
    await subscriber.stop();
  }
}

function textAt(data: unknown, path: string): string {
  const value = path.split('.').reduce<unknown>((at, name) => Object(at)[name], data);
  if (typeof value !== 'string') throw new Error(`There is no text at ${path}.`);
  return value;
}
