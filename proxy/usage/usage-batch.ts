/** One batch on its way to Postgres: usage records, and the bodies of those that are logs with bodies. */
import type { LogBodies, UsageRecord } from '../../schema/contracts/usage-record.js';
import { CompositeRows } from './composite-rows.js';
import { BODY_COLUMNS, RECORD_COLUMNS, writeBodies, writeRecord } from './usage-rows.js';

export class UsageBatch {
  readonly records = new CompositeRows();
  readonly bodies = new CompositeRows();
  bodyBytes = 0;

  /** Throws RangeError, and adds nothing, for a record with a number that no column holds. */
  add(record: UsageRecord): void {
    this.records.add(RECORD_COLUMNS.length, writeRecord, record);
  }

  /** `bytes`: what the two bodies weigh together */
  addBodies(bodies: LogBodies, bytes: number): void {
    this.bodies.add(BODY_COLUMNS.length, writeBodies, bodies);
    this.bodyBytes += bytes;
  }

  clear(): void {
    this.records.clear();
    this.bodies.clear();
    this.bodyBytes = 0;
  }
}
