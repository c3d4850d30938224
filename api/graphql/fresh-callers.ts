/**
 * The root fields of a mutation run one after the other, and what one of them does may end what the next one rests on:
 * a role, a session, a token. So every one but the first, for which that was just done, looks at the caller anew.
 */
import type { GraphQLSchema } from 'graphql';
import type { ApiContext } from '../context.js';

/** Has the mutations of a schema look at their caller, each time. */
export function lookAtCallersAnew(schema: GraphQLSchema): void {
  const begun = new WeakSet<ApiContext>();
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { resolve } = field;
    if (resolve === undefined) continue;
    field.resolve = async (source, args, context: ApiContext, info): Promise<unknown> => {
      if (begun.has(context)) Object.assign(context, { access: await context.again() });
      begun.add(context);
      return resolve(source, args, context, info);
    };
  }
}
