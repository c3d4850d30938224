/** A version of the price tables; never changed once imported. Instance-wide: prices are public facts. */
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { MigratedChecks } from './migrated.js';

@Entity('price_list')
@MigratedChecks('price_list_version_check', 'price_list_origin_check')
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

  /** `BUILT_IN`: a build brought it at a start of the api; `IMPORT`: an operator did */
  @Column('text', { default: 'BUILT_IN' })
  origin: string;

  @Column('text', { nullable: true })
  importedBy: string | null;
}
