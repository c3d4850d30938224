import { ArgsType, Field, InputType, ObjectType } from 'type-graphql';
import { z } from 'zod';
import { AuditEvent } from '../../../schema/entities/audit-event.js';
import { connectionOf, PageArguments } from '../../paging/connection.js';
import { anyOf, plainText } from '../../text-input.js';

/** All that is given must hold; of a list, any one. `from` is inclusive, `to` exclusive. */
@InputType()
export class AuditFilter {
  @Field(() => Date, { nullable: true }) from?: Date | null;
  @Field(() => Date, { nullable: true }) to?: Date | null;
  /** as events name them: `user:{email}`, `token:{id}`, `instance` */
  @Field(() => [String], { nullable: true }) actors?: string[] | null;
  /** `gateway.update`; `gateway.*` is everything that was done to gateways */
  @Field(() => [String], { nullable: true }) actions?: string[] | null;
}

@ArgsType()
export class AuditPageArguments extends PageArguments {
  @Field(() => AuditFilter, { nullable: true }) filter?: AuditFilter | null;
}

@ObjectType()
export class AuditEventConnection extends connectionOf('AuditEvent', () => AuditEvent) {}

export const auditFilterSchema = z
  .object({
    from: z.date().nullish(),
    to: z.date().nullish(),
    actors: anyOf(plainText),
    actions: anyOf(plainText),
  })
  .nullish()
  .transform((filter) => filter ?? {});
export type CheckedAuditFilter = z.infer<typeof auditFilterSchema>;
