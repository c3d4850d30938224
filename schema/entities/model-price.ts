/** One model's prices in one price list; the JSON shapes are those of schema/contracts/prices.ts. */
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { ModelMatch, PriceRule } from '../contracts/prices.js';
import { PriceList } from './price-list.js';

@Entity('model_price')
export class ModelPriceRecord {
  @ForeignKey(() => PriceList, { name: 'model_price_version_fkey' })
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'model_price_pkey' })
  version: number;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'model_price_pkey' })
  provider: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'model_price_pkey' })
  model: string;

  @Column('jsonb')
  match: ModelMatch;

  @Column('jsonb')
  rules: readonly PriceRule[];

  /** the order of the source, in which matches are tried */
  @Column('integer')
  position: number;
}
