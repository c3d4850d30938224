import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { GraphQLJSON } from 'graphql-scalars';
import { z } from 'zod';
import { graphqlEnum } from '../../../schema/entities/graphql-enums.js';
import { ConfigChange } from '../../config-change.js';
import type { StepKind } from './config-plan.js';

const StepKindEnum = graphqlEnum('PlannedStepKind', ['CREATE', 'UPDATE', 'DELETE']);

/** A secret that a document refers to. It is sealed as it comes in, and never shown. */
@InputType()
export class ConfigSecretInput {
  /** the document's `secretFrom` */
  @Field(() => String) from: string;
  @Field(() => String) value: string;
}

@InputType()
export class ApplyConfigInput {
  @Field(() => ID) accountId: string;
  /** docs/configuration-as-code.md; a section that is left out is left alone, one that is there is whole */
  @Field(() => GraphQLJSON) document: unknown;
  /** those that the plan asks for */
  @Field(() => [ConfigSecretInput], { nullable: true }) secrets?: ConfigSecretInput[] | null;
  /** the plan alone: nothing is changed, and no secrets are needed */
  @Field(() => Boolean, { defaultValue: true }) dryRun: boolean;
  /** whether what the document lacks is deleted; without it, a plan that deletes anything is refused */
  @Field(() => Boolean, { defaultValue: false }) prune: boolean;
  /** of the plan or export that this follows; CONFLICT when anything has changed since */
  @Field(() => String, { nullable: true }) ifRevision?: string | null;
}

/** One thing that is made, changed or deleted. */
@ObjectType()
export class PlannedStep {
  @Field(() => StepKindEnum) kind: StepKind;
  /** `gateways.main.providerKeys.openai/default` */
  @Field(() => String) path: string;
  @Field(() => [ConfigChange]) changes: readonly ConfigChange[];
}

@ObjectType()
export class AppliedConfig {
  @Field(() => Boolean) dryRun: boolean;
  /** what the account's configuration is now: of a dry run, what `ifRevision` may say next */
  @Field(() => String) revision: string;
  @Field(() => [PlannedStep]) steps: readonly PlannedStep[];
  /** references of the secrets that this takes */
  @Field(() => [String]) secrets: readonly string[];
}

/** An account's configuration as one document. */
@ObjectType()
export class AccountConfiguration {
  @Field(() => GraphQLJSON) document: unknown;
  @Field(() => String) revision: string;
}

export const secretsSchema = z
  .array(z.object({ from: z.string().max(512, 'is too long'), value: z.string().min(1, 'must not be empty') }))
  .max(2_000, 'must be at most 2000 secrets')
  .nullish()
  .transform((secrets) => new Map((secrets ?? []).map(({ from, value }) => [from, value])));
