import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { z } from 'zod';
import { isUuid } from '../../../schema/contracts/ids.js';
import { parseNetwork } from '../../../schema/contracts/networks.js';
import { PERMISSIONS, type Permission } from '../../../schema/contracts/permissions.js';
import { ApiToken } from '../../../schema/entities/api-token.js';
import { PermissionEnum } from '../../../schema/entities/graphql-enums.js';
import { badInput } from '../../errors.js';
import { parseInput } from '../../input.js';
import { storableText } from '../../text-input.js';
import { connectionOf, PageArguments } from '../../paging/connection.js';

const GATEWAYS_MAX = 100;
const CIDRS_MAX = 50;
/** How long a rotated secret may go on. */
const GRACE_SECONDS_MAX = 2_592_000;
const GRACE_SECONDS_DEFAULT = 86_400;

@InputType()
export class CreateApiTokenInput {
  @Field(() => ID) accountId: string;
  @Field(() => String) name: string;
  @Field(() => [PermissionEnum]) permissions: Permission[];
  @Field(() => [ID], { nullable: true }) gatewayIds?: string[] | null;
  @Field(() => [String], { nullable: true }) cidrs?: string[] | null;
  @Field(() => Date, { nullable: true }) expiresAt?: Date | null;
}

/** An absent field stays; null takes a limit away. */
@InputType()
export class UpdateApiTokenInput {
  @Field(() => ID) id: string;
  @Field(() => String, { nullable: true }) name?: string | null;
  @Field(() => [PermissionEnum], { nullable: true }) permissions?: Permission[] | null;
  @Field(() => [ID], { nullable: true }) gatewayIds?: string[] | null;
  @Field(() => [String], { nullable: true }) cidrs?: string[] | null;
  @Field(() => Date, { nullable: true }) expiresAt?: Date | null;
}

@InputType()
export class RotateApiTokenInput {
  @Field(() => ID) id: string;
  @Field(() => Int, { defaultValue: GRACE_SECONDS_DEFAULT }) graceSeconds: number;
}

@ArgsType()
export class ApiTokenArguments extends PageArguments {
  /** only those that were revoked, or only those that were not */
  @Field(() => Boolean, { nullable: true }) revoked?: boolean | null;
}

@ObjectType()
export class CreatedApiToken {
  /** the token itself: shown here and never again */
  @Field(() => String) secret: string;
  @Field(() => ApiToken) token: ApiToken;
}

@ObjectType()
export class ApiTokenConnection extends connectionOf('ApiToken', () => ApiToken) {}

const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? null);

/**
 * What `createApiToken` asks of its input, beyond types. An empty list would lock everything out or let all in:
 * refused.
 */
export const createApiTokenSchema = z.object({
  name: storableText.trim().min(1, 'must not be empty').max(128, 'must be at most 128 characters'),
  permissions: z
    .array(z.enum(PERMISSIONS))
    .min(1, 'must name at least one permission')
    .transform((permissions) => [...new Set(permissions)]),
  gatewayIds: optional(
    z
      .array(z.string().refine(isUuid, 'is not a gateway of the account'))
      .min(1, 'must name at least one gateway, or be left out')
      .max(GATEWAYS_MAX, `must be at most ${GATEWAYS_MAX} gateways`)
      .transform((ids) => [...new Set(ids)]),
  ),
  cidrs: optional(
    z
      .array(
        z.string().refine((cidr) => parseNetwork(cidr) !== null, 'must be an IP address or a network like 10.0.0.0/8'),
      )
      .min(1, 'must name at least one network, or be left out')
      .max(CIDRS_MAX, `must be at most ${CIDRS_MAX} networks`),
  ),
  expiresAt: optional(z.date().refine((at) => at.getTime() > Date.now(), 'must be in the future')),
});
export type NewApiToken = z.infer<typeof createApiTokenSchema>;

/** What `updateApiToken` changes. */
export function changesOf(input: UpdateApiTokenInput): Partial<NewApiToken> {
  for (const field of ['name', 'permissions'] as const) {
    if (input[field] === null) throw badInput(`input.${field}`, 'must not be null');
  }
  const parsed = parseInput(createApiTokenSchema.partial(), input, 'input');
  const given = Object.entries(parsed).filter(([field]) => Reflect.get(input, field) !== undefined);
  return Object.fromEntries(given); // what was absent parses as null, which would take a limit away
}

export const graceSchema = z
  .int()
  .min(0, 'must be at least 0')
  .max(GRACE_SECONDS_MAX, `must be at most ${GRACE_SECONDS_MAX} (30 days)`);
