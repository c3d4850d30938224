/** The head of a page: its name, what it is about, and what can be done. Sets the title of the tab. */
import type { ReactNode } from 'react';

export interface PageHeadProps {
  readonly title: string;
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
}

export function PageHead({ title, about, actions }: PageHeadProps) {
  return (
    <header className="page-head">
      <title>{`${title} · Tollgate`}</title>
      <div>
        <h1>{title}</h1>
        {about === undefined ? null : <p>{about}</p>}
      </div>
      {actions === undefined ? null : <div className="page-actions">{actions}</div>}
    </header>
  );
}
