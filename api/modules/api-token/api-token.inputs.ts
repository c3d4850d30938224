import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { z } from 'zod';
import { isUuid } from '../../../schema/contracts/ids.js';
import { parseNetwork } from '../../../schema/contracts/networks.js';
import { PERMISSIONS, type Permission } from '../../../schema/contracts/permissions.js';
import { ApiToken } from '../../../schema/entities/api-token.js';
import { PermissionEnum } from '../../../schema/entities/graphql-enums.js';
import { storableText } from '../../text-input.js';
import { connectionOf } from '../../paging/connection.js';

const GATEWAYS_MAX = 100;
const CIDRS_MAX = 50;

@InputType()
export class CreateApiTokenInput {
  @Field(() => ID) accountId: string;
  @Field(() => String) name: string;
  @Field(() => [PermissionEnum]) permissions: Permission[];
  @Field(() => [ID], { nullable: true }) gatewayIds?: string[] | null;
  @Field(() => [String], { nullable: true }) cidrs?: string[] | null;
  @Field(() => Date, { nullable: true }) expiresAt?: Date | null;
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

/** What `createApiToken` asks of its input, beyond types. An empty list would lock everything out or let all in: refused. */
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
