/** A provider that an account brings along: `custom-{slug}` in its URLs. The values of its headers are sealed. */
import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { AccountId, CustomProviderId } from '../contracts/ids.js';
import { Account } from './account.js';
import { MigratedChecks, MigratedIndexes } from './migrated.js';

@ObjectType()
@Entity('custom_provider')
@MigratedChecks(
  'custom_provider_slug_check',
  'custom_provider_name_check',
  'custom_provider_headers_check',
  'custom_provider_header_sources_check',
)
@MigratedIndexes('custom_provider_slug_key', 'custom_provider_account_idx')
export class CustomProvider {
  @Field(() => ID)
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'custom_provider_pkey' })
  id: CustomProviderId;

  @ForeignKey(() => Account, { name: 'custom_provider_account_fkey' })
  @Column('uuid')
  accountId: AccountId;

  /** without its `custom-` */
  @Field(() => String)
  @Column('text')
  slug: string;

  @Field(() => String)
  @Column('text')
  name: string;

  @Field(() => String)
  @Column('text')
  baseUrl: string;

  @Field(() => [String])
  @Column('text', { array: true, default: [] })
  headerNames: string[];

  /** JSON object of header name to value, opened by the proxy's private key alone */
  @Column('bytea', { nullable: true })
  sealedHeaders: Buffer | null;

  /** by header, where a configuration file takes its value from; of headers that no file set there is nothing */
  @Column('jsonb', { default: {} })
  headerSources: Record<string, string>;

  /** grows with each change of base URL or headers, which are sealed anew then; part of what seals them */
  @Column('integer', { default: 1 })
  version: number;

  @Column('timestamptz', { default: () => 'now()' })
  createdAt: Date;

  @Column('timestamptz', { default: () => 'now()' })
  updatedAt: Date;
}
