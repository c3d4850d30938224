import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { z } from 'zod';
import type { Role } from '../../../schema/contracts/permissions.js';
import { Account } from '../../../schema/entities/account.js';
import { RoleEnum } from '../../../schema/entities/graphql-enums.js';
import { Invitation } from '../../../schema/entities/invitation.js';
import { connectionOf } from '../../paging/connection.js';
import { Session } from '../session/index.js';

const HOURS_DEFAULT = 7 * 24;
const HOURS_MAX = 30 * 24;

@ObjectType()
export class InvitationConnection extends connectionOf('Invitation', () => Invitation) {}

@InputType()
export class CreateInvitationInput {
  @Field(() => ID) accountId: string;
  @Field(() => String) email: string;
  @Field(() => RoleEnum) role: Role;
  /** 1 … 720 */
  @Field(() => Int, { defaultValue: HOURS_DEFAULT }) expiresInHours: number;
}

@ObjectType()
export class CreatedInvitation {
  /** the link's secret: shown here and never again */
  @Field(() => String) secret: string;
  /** the page of the dashboard that takes it; the secret stands in the fragment, which no server is sent */
  @Field(() => String) url: string;
  @Field(() => Invitation) invitation: Invitation;
}

/** What whoever holds a link is told before he accepts. */
@ObjectType()
export class InvitationOffer {
  @Field(() => String) accountName: string;
  @Field(() => String) email: string;
  @Field(() => RoleEnum) role: Role;
  @Field(() => Date) expiresAt: Date;
  /** whether the account is suspended: nobody can accept until it is resumed */
  @Field(() => Boolean) isAccountSuspended: boolean;
}

@InputType()
export class AcceptInvitationInput {
  @Field(() => String) secret: string;
  /** of who is not signed in: his password, or a new one if he has none here */
  @Field(() => String, { nullable: true }) password?: string | null;
}

@ObjectType()
export class AcceptedInvitation {
  @Field(() => Account) account: Account;
  /** null: the caller was signed in, and stays so */
  @Field(() => Session, { nullable: true }) session: Session | null;
}

export const hoursSchema = z.int().min(1, 'must be at least 1').max(HOURS_MAX, `must be at most ${HOURS_MAX}`);
