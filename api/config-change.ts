import { GraphQLJSON } from 'graphql-scalars';
import { Field, ObjectType } from 'type-graphql';

/** One difference between two configurations. */
@ObjectType()
export class ConfigChange {
  /** `settings.rateLimits.per-minute.limit`; a name that is no word stands in brackets and quotes */
  @Field(() => String) path: string;
  /** null: it was not there */
  @Field(() => GraphQLJSON, { nullable: true }) before: unknown;
  /** null: it is not there any more */
  @Field(() => GraphQLJSON, { nullable: true }) after: unknown;
}
