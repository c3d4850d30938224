/** A row of numbers with their names. */
import type { ReactNode } from 'react';
import { classes } from './classes.js';

export interface FiguresProps {
  readonly label: string;
  readonly isSmall?: boolean;
  readonly children: ReactNode;
}

export function Figures({ label, isSmall = false, children }: FiguresProps) {
  return (
    <dl className={classes('figures', isSmall && 'is-small')} aria-label={label}>
      {children}
    </dl>
  );
}

export interface FigureProps {
  readonly name: string;
  readonly value: ReactNode;
  /** the exact number */
  readonly title?: string;
  /** beside it: how it was before, for one */
  readonly note?: ReactNode;
}

export function Figure({ name, value, title, note }: FigureProps) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd title={title}>{value}</dd>
      {note === undefined ? null : <dd className="figure-note">{note}</dd>}
    </div>
  );
}
