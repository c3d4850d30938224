/** Fail closed: a field that opens data and declares nothing keeps the process from starting. */
import { isObjectType, type GraphQLSchema } from 'graphql';
import { getMetadataStorage } from 'type-graphql';
import { ACTIONS, AUTHORIZATION_EXTENSION, PUBLIC } from '../authorization.js';

/** Coordinates (`Type.field`) of fields that open data: those of the root types, and every field with a resolver. */
export function fieldsThatOpenData(schema: GraphQLSchema): string[] {
  const { fieldResolvers, objectTypes } = getMetadataStorage();
  const found = new Set<string>();
  for (const root of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
    for (const name of Object.keys(root?.getFields() ?? {})) found.add(`${root?.name}.${name}`);
  }
  for (const field of fieldResolvers.filter(({ kind }) => kind === 'external')) {
    const target = field.resolverClassMetadata?.getObjectType();
    const type = objectTypes.find((candidate) => candidate.target === target);
    if (type === undefined)
      throw new Error(`${field.target.name}.${field.methodName} resolves a field of no known type`);
    found.add(`${type.name}.${field.schemaName}`);
  }
  return [...found].sort();
}

/** Throws, naming the fields, when one that opens data declares neither an action nor that it is public. */
export function assertEveryFieldAuthorized(schema: GraphQLSchema): void {
  const open = fieldsThatOpenData(schema).filter((coordinate) => declarationOf(schema, coordinate) === null);
  if (open.length > 0) throw new Error(`Neither @Authorized nor @Public: ${open.join(', ')}`);
}

/** What a field declares: an action, `public`, or null for nothing that the table knows. */
export function declarationOf(schema: GraphQLSchema, coordinate: string): string | null {
  const [typeName = '', fieldName = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
  const declared: unknown = field?.extensions[AUTHORIZATION_EXTENSION];
  return typeof declared === 'string' && (declared === PUBLIC || declared in ACTIONS) ? declared : null;
}
