/**
 * A row of a composite type in PostgreSQL's binary format (record_recv in src/backend/utils/adt): its length, the
 * number of its columns, and their values one after the other, each with the OID of its column's type.
 */
import { ByteBuffer } from '../byte-buffer.js';

/** OIDs of the types that our rows are made of (src/include/catalog/pg_type.dat); they never change. */
const OIDS = {
  boolean: 16,
  bytea: 17,
  bigint: 20,
  smallint: 21,
  integer: 23,
  text: 25,
  date: 1082,
  timestamptz: 1184,
  uuid: 2950,
  jsonb: 3802,
} as const;

const NULL_LENGTH = -1;
const MS_PER_DAY = 86_400_000;
/** 2000-01-01, where PostgreSQL's time begins, in days and in ms of Unix time */
const EPOCH_DAY = 10_957;
const EPOCH_MS = EPOCH_DAY * MS_PER_DAY;
const JSONB_VERSION = 1;
/** OID, length, value */
const BIGINT_COLUMN_BYTES = 16;
/** No row has more of them one behind the other: the counts of units, nearly all zero. */
const ZEROS_MAX = 12;

/** Writes rows, one after the other, at the end of `bytes`. */
export class CompositeRow {
  constructor(public bytes: ByteBuffer) {}

  /**
   * Adds the row that `write` writes: exactly `columns` values, in the order of the type. What it throws undoes the
   * row.
   */
  row<T>(columns: number, write: (row: CompositeRow, value: T) => void, value: T): void {
    const start = this.begin(columns);
    try {
      write(this, value);
    } catch (error) {
      this.bytes.length = start;
      throw error;
    }
    this.end(start);
  }

  /** Begins a row of so many columns, whose values follow, and then `end`; returns where it begins. */
  begin(columns: number): number {
    const start = this.bytes.length;
    this.bytes.int32s(0, columns); // its length, once it is known
    return start;
  }

  /** Completes the row that begins at `start`. */
  end(start: number): void {
    this.bytes.int32At(start, this.bytes.length - start - 4);
  }

  boolean(value: boolean): void {
    this.head(OIDS.boolean, 1);
    this.bytes.int8(value ? 1 : 0);
  }

  /** Throws RangeError for what is no whole number of 16 bits. */
  smallint(value: number): void {
    if ((value << 16) >> 16 !== value) throw new RangeError(`${value} is no number of 16 bits`);
    this.head(OIDS.smallint, 2);
    this.bytes.int16(value);
  }

  /** Throws RangeError for what is no whole number of 32 bits. */
  integer(value: number | null): void {
    if (value === null) return this.null(OIDS.integer);
    if ((value | 0) !== value) throw new RangeError(`${value} is no number of 32 bits`);
    this.head(OIDS.integer, 4);
    return this.bytes.int32(value);
  }

  /** Throws RangeError for what is no whole number that JavaScript holds exactly. */
  bigint(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no whole number`);
    this.head(OIDS.bigint, 8);
    this.bytes.int64(value);
  }

  /** `count` columns of bigints, all zero; returns where they begin, for `bigintAt`. */
  zeros(count: number): number {
    const start = this.bytes.length;
    if (count > ZEROS_MAX) throw new RangeError(`${count} columns of zeros at once`);
    this.bytes.bytesOf(count === ZEROS_MAX ? ZEROS : ZEROS.subarray(0, count * BIGINT_COLUMN_BYTES));
    return start;
  }

  /** In the column at `index` of those that `zeros` began at `start`. Throws as `bigint`. */
  bigintAt(start: number, index: number, value: number): void {
    if (value === 0) return;
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no whole number`);
    this.bytes.int64At(start + (index + 1) * BIGINT_COLUMN_BYTES - 8, value);
  }

  /** Throws RangeError for what no bigint of PostgreSQL holds. */
  pico(value: bigint | null): void {
    if (value === null) return this.null(OIDS.bigint);
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} is beyond 64 bits`);
    this.head(OIDS.bigint, 8);
    return this.bytes.bigInt64(value);
  }

  /**
   * Text from anywhere, at most `charactersMax` UTF-16 units of it; NUL, which no text of PostgreSQL holds, is
   * replaced.
   */
  text(value: string | null, charactersMax: number): void {
    if (value === null) this.null(OIDS.text);
    else this.string(OIDS.text, value.length > charactersMax ? value.slice(0, charactersMax) : value);
  }

  /** `json`: well-formed, without NUL */
  jsonb(json: string | null): void {
    if (json === null) return this.null(OIDS.jsonb);
    const at = this.openHead(OIDS.jsonb);
    this.bytes.int8(JSONB_VERSION);
    this.bytes.text(json);
    return this.closeHead(at);
  }

  bytea(value: Uint8Array | null): void {
    if (value === null) return this.null(OIDS.bytea);
    this.head(OIDS.bytea, value.length);
    return this.bytes.bytesOf(value);
  }

  /** bytes given in hexadecimal */
  hex(value: string | null): void {
    if (value === null) return this.null(OIDS.bytea);
    this.head(OIDS.bytea, value.length / 2);
    return this.bytes.hex(value);
  }

  uuid(value: string | null): void {
    if (value === null) return this.null(OIDS.uuid);
    this.head(OIDS.uuid, 16);
    return this.bytes.hex(value);
  }

  /** the UTC day of a Unix time in ms */
  day(atMs: number): void {
    this.head(OIDS.date, 4);
    this.bytes.int32(Math.floor(atMs / MS_PER_DAY) - EPOCH_DAY);
  }

  time(atMs: number): void {
    this.head(OIDS.timestamptz, 8);
    this.bytes.int64((atMs - EPOCH_MS) * 1_000);
  }

  private null(oid: number): void {
    this.head(oid, NULL_LENGTH);
  }

  private head(oid: number, length: number): void {
    this.bytes.int32s(oid, length);
  }

  private string(oid: number, value: string): void {
    const at = this.openHead(oid);
    this.bytes.text(value);
    this.closeHead(at);
  }

  private openHead(oid: number): number {
    this.head(oid, 0);
    return this.bytes.length;
  }

  private closeHead(at: number): void {
    this.bytes.int32At(at - 4, this.bytes.length - at);
  }
}

const ZEROS = Buffer.alloc(ZEROS_MAX * BIGINT_COLUMN_BYTES);
for (let at = 0; at < ZEROS.length; at += BIGINT_COLUMN_BYTES) {
  ZEROS.writeInt32BE(OIDS.bigint, at);
  ZEROS.writeInt32BE(8, at + 4);
}
