/** A version of the price tables; never changed once imported. Instance-wide: prices are public facts. */
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { MigratedChecks } from './migrated.js';

@Entity('price_list')
@MigratedChecks('price_list_version_check')
export class PriceList {
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'price_list_pkey' })
  version: number;

  @Column('text')
  source: string;

  /** of the prices in it: an equal digest needs no new version */
  @Column('text')
  digest: string;

  @Column('timestamptz', { default: () => 'now()' })
  importedAt: Date;
}
