/** Composite rows back as text: for the log of a row that Postgres will never take, which must be readable there. */
const ARRAY_HEADER_BYTES = 20;
const MS_PER_DAY = 86_400_000;
const EPOCH_MS = 10_957 * MS_PER_DAY;

export type ReadableRow = Readonly<Record<string, string | null>>;

/** The rows of an array made by `CompositeRows.slice`, their values as text under `columns`, in the type's order. */
export function readableRows(array: Buffer, columns: readonly string[]): ReadableRow[] {
  const rows: ReadableRow[] = [];
  for (let at = ARRAY_HEADER_BYTES; at < array.length; at += 4 + array.readInt32BE(at)) {
    rows.push(readableRow(array.subarray(at + 8, at + 4 + array.readInt32BE(at)), columns));
  }
  return rows;
}

function readableRow(values: Buffer, columns: readonly string[]): ReadableRow {
  const row: Record<string, string | null> = {};
  let at = 0;
  for (const column of columns) {
    const length = values.readInt32BE(at + 4);
    const end = at + 8 + Math.max(0, length);
    row[column] = length < 0 ? null : readable(values.readInt32BE(at), values.subarray(at + 8, end));
    at = end;
  }
  return row;
}

/** By the OID of the type (src/include/catalog/pg_type.dat). */
function readable(oid: number, value: Buffer): string {
  switch (oid) {
    case 16:
      return String(value[0] === 1);
    case 20:
      return String(value.readBigInt64BE());
    case 21:
      return String(value.readInt16BE());
    case 23:
      return String(value.readInt32BE());
    case 25:
      return value.toString('utf8');
    case 1082:
      return new Date(EPOCH_MS + value.readInt32BE() * MS_PER_DAY).toISOString().slice(0, 10);
    case 1184:
      return new Date(EPOCH_MS + Number(value.readBigInt64BE()) / 1_000).toISOString();
    case 2950:
      return value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    case 3802:
      return value.toString('utf8', 1);
    default:
      return `\\x${value.toString('hex')}`;
  }
}
