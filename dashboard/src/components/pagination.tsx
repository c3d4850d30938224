/** From page to page of a list by its cursors. The cursor of the page stands in the address, under `name`. */
import { useUrlState } from '../url-state.js';
import { Button } from './button.js';

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

/** Lists go forwards by cursor, and back by the browser: the first page is one step away. */
export function Pagination({ ends, name = 'after', back = 'Newer' }: PaginationProps) {
  const url = useUrlState();
  const isFirst = url.get(name) === null;
  if (isFirst && !ends.hasNextPage) return null;
  return (
    <nav className="pagination" aria-label="Pages">
      <Button icon="chevronLeft" disabled={isFirst} onClick={() => history.back()}>
        {back}
      </Button>
      <Button disabled={isFirst} kind="quiet" onClick={() => url.set({ [name]: null })}>
        First page
      </Button>
      <Button icon="chevronRight" disabled={!ends.hasNextPage} onClick={() => url.set({ [name]: ends.endCursor })}>
        Next
      </Button>
    </nav>
  );
}
