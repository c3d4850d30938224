/**
 * Rows under a head that stays. Rows that open something are reached by Tab once, then by arrow keys, and opened by
 * Enter.
 */
import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import { classes } from './classes.js';

export interface Column<Row> {
  readonly key: string;
  readonly label: ReactNode;
  readonly cell: (row: Row) => ReactNode;
  /** numbers stand at the right, in figures of one width */
  readonly isNumber?: boolean;
  /** left out on narrow screens */
  readonly isMinor?: boolean;
}

export interface TableProps<Row> {
  /** what is listed: the table's name to a screen reader */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** what a row opens; absent: rows open nothing */
  readonly onOpen?: (row: Row) => void;
  /** the row that is open */
  readonly openKey?: string | null;
}

export function Table<Row>({ label, columns, rows, keyOf, onOpen, openKey = null }: TableProps<Row>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const cellClass = (column: Column<Row>): string =>
    classes(column.isNumber === true && 'is-number', column.isMinor === true && 'is-minor');
  return (
    <div className="table-scroll" tabIndex={onOpen === undefined ? 0 : -1} role="region" aria-label={label}>
      <table className="table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" className={cellClass(column)}>
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={stepThroughRows}>
          {rows.map((row, index) => (
            <tr
              key={keyOf(row)}
              {...(onOpen === undefined ? {} : { tabIndex: index === 0 ? 0 : -1, onClick: () => onOpen(row) })}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' || event.target !== event.currentTarget || onOpen === undefined) return;
                event.preventDefault(); // the same press would go on to what opens, and close it
                onOpen(row);
              }}
              className={classes(onOpen !== undefined && 'opens', keyOf(row) === openKey && 'is-open')}
            >
              {columns.map((column) => (
                <td key={column.key} className={cellClass(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function stepThroughRows(event: KeyboardEvent<HTMLElement>): void {
  const row = event.target instanceof HTMLTableRowElement ? event.target : null;
  const next =
    event.key === 'ArrowDown' ? row?.nextElementSibling : event.key === 'ArrowUp' ? row?.previousElementSibling : null;
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  next.focus();
}
