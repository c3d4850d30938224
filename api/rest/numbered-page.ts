/** Pages by number: what the wire's clients ask for until one comes that is empty. */
import type { QueryParams } from './query-params.js';
import type { ResultInfo } from './rest-route.js';

export const PAGE_PARAMS = ['page', 'per_page'] as const;
const PER_PAGE_DEFAULT = 20;
const PAGE_MAX = 1_000_000;

export interface NumberedPage {
  readonly page: number;
  readonly perPage: number;
  /** rows before it */
  readonly skip: number;
}

export function numberedPage(query: QueryParams, perPageMax: number): NumberedPage {
  const page = query.integer('page', 1, PAGE_MAX) ?? 1;
  const perPage = query.integer('per_page', 1, perPageMax) ?? PER_PAGE_DEFAULT;
  return { page, perPage, skip: (page - 1) * perPage };
}

export const resultInfo = ({ page, perPage }: NumberedPage, count: number, total: number | null): ResultInfo => ({
  count,
  page,
  per_page: perPage,
  total_count: total,
});

/** The rows of a page out of all of them. */
export const sliced = <T>({ skip, perPage }: NumberedPage, rows: readonly T[]): T[] => rows.slice(skip, skip + perPage);
