import { Field, ID, InputType, ObjectType } from 'type-graphql';
import type { MembershipId, UserId } from '../../../schema/contracts/ids.js';
import type { Role } from '../../../schema/contracts/permissions.js';
import { RoleEnum } from '../../../schema/entities/graphql-enums.js';
import { connectionOf } from '../../paging/connection.js';

/** A user's role in one account. */
@ObjectType()
export class Member {
  @Field(() => ID) id: MembershipId;
  @Field(() => ID) userId: UserId;
  @Field(() => String) email: string;
  @Field(() => RoleEnum) role: Role;
  @Field(() => Date) createdAt: Date;
}

@ObjectType()
export class MemberConnection extends connectionOf('Member', () => Member) {}

@InputType()
export class UpdateMemberInput {
  @Field(() => ID) accountId: string;
  @Field(() => ID) memberId: string;
  @Field(() => RoleEnum) role: Role;
}

@InputType()
export class RemoveMemberInput {
  @Field(() => ID) accountId: string;
  @Field(() => ID) memberId: string;
}

@InputType()
export class TransferAccountInput {
  @Field(() => ID) accountId: string;
  /** who becomes the owner; the caller becomes an ADMIN */
  @Field(() => ID) memberId: string;
}
