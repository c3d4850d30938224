/** Where there is nothing yet: what to do next, with a snippet to paste. */
import type { ReactNode } from 'react';

export interface EmptyStateProps {
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

export function EmptyState({ title, children, action }: EmptyStateProps) {
  return (
    <section className="empty-state">
      <h2>{title}</h2>
      {children === undefined ? null : <div className="empty-state-body">{children}</div>}
      {action === undefined ? null : <div className="empty-state-action">{action}</div>}
    </section>
  );
}
