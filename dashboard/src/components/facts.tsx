/** Names with what they are: the properties of one thing. */
import { Fragment, type ReactNode } from 'react';

export interface FactsProps {
  /** in the order in which they stand; those that are null are left out */
  readonly facts: readonly (readonly [name: string, value: ReactNode] | null)[];
}

export function Facts({ facts }: FactsProps) {
  return (
    <dl className="facts">
      {facts.map((fact) =>
        fact === null ? null : (
          <Fragment key={fact[0]}>
            <dt>{fact[0]}</dt>
            <dd>{fact[1]}</dd>
          </Fragment>
        ),
      )}
    </dl>
  );
}
