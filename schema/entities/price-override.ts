/**
 * A price of an account's own, a layer above the price list. A row never changes but to end: another price is another
 * row, and the one that priced a record goes on explaining it.
 */
import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { AccountId, PriceOverrideId } from '../contracts/ids.js';
import { Account } from './account.js';
import { OverrideMatchEnum, type OverrideMatch } from './graphql-enums.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';

@ObjectType()
@Entity('price_override')
@MigratedChecks(
  'price_override_model_check',
  'price_override_match_check',
  'price_override_tier_check',
  'price_override_rates_check',
)
@MigratedIndexes('price_override_active_key', 'price_override_account_idx')
export class PriceOverride {
  @Field(() => ID)
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'price_override_pkey' })
  id: PriceOverrideId;

  @ForeignKey(() => Account, { name: 'price_override_account_fkey' })
  @Column('uuid')
  accountId: AccountId;

  /** a slug of the built-in providers, or `custom-{slug}` */
  @Field(() => String)
  @Column('text')
  provider: string;

  @Field(() => String)
  @Column('text')
  model: string;

  @Field(() => OverrideMatchEnum)
  @Column('text')
  match: OverrideMatch;

  /** null: it prices calls that are charged at list price */
  @Field(() => String, { nullable: true })
  @Column('text', { nullable: true })
  serviceTier: string | null;

  /** from when on it prices; null: always */
  @Field(() => Date, { name: 'from', nullable: true })
  @Column('timestamptz', { nullable: true })
  effectiveFrom: Date | null;

  /** integer pico-USD as digits */
  @Column('jsonb')
  rates: Record<string, string>;

  @Field(() => Date)
  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { nullable: true })
  endedAt: Date | null;
}
