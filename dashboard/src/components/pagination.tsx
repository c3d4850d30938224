/** From page to page of a list by its cursors. The cursor of the page stands in the address, under `name`. */
import { useUrlState } from '../url-state.js';
import { Button } from './button.js';
import { formerCursors, withFormerCursors } from './former-cursors.js';

export interface PageEnds {
  readonly hasNextPage: boolean;
  readonly endCursor: string | null;
}

/** `after` of the page that the address names. */
export function usePageCursor(name = 'after'): string | null {
  return useUrlState().get(name);
}

export interface PaginationProps {
  readonly ends: PageEnds;
  readonly name?: string;
  /** what is before: newer ones, unless the list has another order */
  readonly back?: string;
}

/** Lists go forwards by cursor, and back by those that they came by: the first page is one step away. */
export function Pagination({ ends, name = 'after', back = 'Newer' }: PaginationProps) {
  const url = useUrlState();
  const shown = url.get(name);
  const isFirst = shown === null;
  const go = (cursor: string | null, former: readonly string[]): void =>
    url.set({ [name]: cursor }, false, withFormerCursors(history.state, name, former));
  const goBack = (): void => {
    const former = formerCursors(history.state, name);
    go(former.at(-1) ?? null, former.slice(0, -1));
  };
  const goOn = (): void => {
    if (ends.endCursor === shown) return; // the page that was asked for is not here yet
    go(ends.endCursor, isFirst ? [] : [...formerCursors(history.state, name), shown]);
  };
  if (isFirst && !ends.hasNextPage) return null;
  return (
    <nav className="pagination" aria-label="Pages">
      <Button icon="chevronLeft" disabled={isFirst} onClick={goBack}>
        {back}
      </Button>
      <Button disabled={isFirst} kind="quiet" onClick={() => go(null, [])}>
        First page
      </Button>
      <Button icon="chevronRight" disabled={!ends.hasNextPage} onClick={goOn}>
        Next
      </Button>
    </nav>
  );
}
