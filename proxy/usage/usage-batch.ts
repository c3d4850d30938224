/** One batch on its way to Postgres: usage records, and the bodies of those that are logs with bodies. */
import type { LogBodies, UsageRecord } from '../../schema/contracts/usage-record.js';
import { ByteaColumn } from './bytea-column.js';
import { JsonRows } from './json-rows.js';
import { bodyRow, recordRow } from './usage-rows.js';

export class UsageBatch {
  readonly records = new JsonRows();
  bodyBytes = 0;
  readonly bodies = { rows: new JsonRows(), requests: new ByteaColumn(), responses: new ByteaColumn() };

  add(record: UsageRecord): void {
    this.records.add(recordRow(record));
  }

  /** `bytes`: what the two bodies weigh together */
  addBodies(bodies: LogBodies, bytes: number): void {
    this.bodies.rows.add(bodyRow(bodies));
    this.bodies.requests.add(bodies.requestBody);
    this.bodies.responses.add(bodies.responseBody);
    this.bodyBytes += bytes;
  }

  clear(): void {
    this.records.clear();
    this.bodyBytes = 0;
    this.bodies.rows.clear();
    this.bodies.requests.clear();
    this.bodies.responses.clear();
  }
}
