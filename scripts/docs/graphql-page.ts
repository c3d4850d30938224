/**
 * The operations of `docs/graphql.md`: what each is, from the schema and the permission table, and its example, with
 * the answer that a real api gave. Answers stand in the page alone: who writes it anew takes them over.
 */
import { isObjectType, parse, print, printType, type GraphQLField, type GraphQLSchema } from 'graphql';
import { declarationOf } from '../../api/graphql/authorization-check.js';
import { ACTIONS, PUBLIC } from '../../api/authorization.js';
import { FIXTURES, type GraphqlExample, type GraphqlExamples } from './graphql-examples/example.js';

/** What is shown in place of an answer that nobody recorded yet. */
const NOT_RECORDED = 'No answer is recorded: run `npm run docs:graphql`.';

/** What needs an example: the fields of the root types, and every other field that takes arguments. */
export function operationsOf(schema: GraphQLSchema): string[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const found = Object.values(schema.getTypeMap()).flatMap((type) => {
    if (!isObjectType(type) || type.name.startsWith('__')) return [];
    return Object.values(type.getFields())
      .filter((field) => roots.includes(type) || field.args.length > 0)
      .map((field) => `${type.name}.${field.name}`);
  });
  return found.toSorted();
}

/** The recorded answers of a page, by coordinate. */
export function recordedAnswers(page: string): Map<string, unknown> {
  const answers = new Map<string, unknown>();
  for (const section of page.split(/^### /m).slice(1)) {
    const coordinate = /^`([\w.]+)`/.exec(section)?.[1];
    const answer = /^Answer:\n\n```json\n([^]*?)\n```/m.exec(section)?.[1];
    if (coordinate !== undefined && answer !== undefined) answers.set(coordinate, JSON.parse(answer));
  }
  return answers;
}

/** The generated part of the page, before it is formatted. */
export function operationsSection(
  schema: GraphQLSchema,
  examples: GraphqlExamples,
  answers: ReadonlyMap<string, unknown>,
): string {
  const documented = operationsOf(schema);
  const rest = [...new Set(documented.map((coordinate) => typeOf(coordinate)))].filter((name) => !(name in ROOTS));
  const chapters = [...Object.entries(ROOTS), ...rest.map((name) => [name, `Of ${name}`] as const)];
  return chapters
    .flatMap(([type, title]) => [
      `## ${title}`,
      ...documented
        .filter((coordinate) => typeOf(coordinate) === type)
        .flatMap((coordinate) => operationText(schema, coordinate, examples[coordinate], answers.get(coordinate))),
    ])
    .join('\n\n');
}

const ROOTS: Readonly<Record<string, string>> = {
  Query: 'Queries',
  Mutation: 'Mutations',
  Subscription: 'Subscriptions',
};
const typeOf = (coordinate: string): string => coordinate.split('.')[0] ?? '';

function operationText(
  schema: GraphQLSchema,
  coordinate: string,
  example: GraphqlExample | undefined,
  answer: unknown,
): string[] {
  const heading = `### \`${coordinate}\``;
  const signature = block('graphql', signatureOf(schema, coordinate));
  if (example === undefined)
    return [heading, signature, `It has no example: add one to scripts/docs/graphql-examples.`];
  const variables = shown(example.variables ?? {});
  return [
    heading,
    `${example.says} ${permissionText(declarationOf(schema, coordinate))}`.trim(),
    signature,
    'Operation:',
    block('graphql', print(parse(example.document))),
    ...(example.variables === undefined ? [] : ['Variables:', block('json', JSON.stringify(variables, null, 2))]),
    'Answer:',
    answer === undefined ? NOT_RECORDED : block('json', JSON.stringify(answer, null, 2)),
  ];
}

const block = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;

/** A field as the schema declares it. */
function signatureOf(schema: GraphQLSchema, coordinate: string): string {
  const [typeName = '', fieldName = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  const field: GraphQLField<unknown, unknown> | undefined = isObjectType(type)
    ? type.getFields()[fieldName]
    : undefined;
  if (!isObjectType(type) || field === undefined) throw new Error(`There is no ${coordinate}.`);
  const line = printType(type)
    .split('\n')
    .find((each) => new RegExp(`^  ${fieldName}[(:]`).test(each));
  if (line === undefined) throw new Error(`${coordinate} is not printed on one line.`);
  return `type ${typeName} {\n${line}\n}`;
}

/** Who may; nothing for what needs no more than the field that it is in. */
function permissionText(declared: string | null): string {
  if (declared === null) return '';
  if (declared === PUBLIC) return 'For everybody.';
  const requirement = ACTIONS[declared as keyof typeof ACTIONS]; // `declarationOf` looked it up there
  return REQUIREMENTS[requirement] ?? `Needs \`${requirement}\`.`;
}

const REQUIREMENTS: Readonly<Record<string, string>> = {
  ANY: 'For every caller with a credential.',
  USER: 'For signed-in users.',
  OPERATOR: 'For the operator.',
  OF_ACCOUNT: 'For every caller of the account.',
};

/** `value` with what the page shows in place of names: a fixture's stand-in, or the name of what a step before kept. */
function shown(value: unknown): unknown {
  return withNames(value, (name) => (name in FIXTURES ? FIXTURES[name as keyof typeof FIXTURES] : `<${name}>`)); // it is one
}

/** `value`, JSON, with each `{name}` inside its texts replaced. */
export function withNames(value: unknown, valueOf: (name: string) => string): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\{([a-z]\w*\.\w+)\}/gi, (_all, name: string) => valueOf(name));
  }
  if (Array.isArray(value)) return value.map((item) => withNames(item, valueOf));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withNames(item, valueOf)]));
}
