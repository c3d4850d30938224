/** Pages of lists in the shape of the contract: edges with cursors, and whether there is more on either side. */
import { ArgsType, Field, Int, ObjectType } from 'type-graphql';
import { badInput } from '../errors.js';
import type { Cursors } from './cursors.js';

const PAGE_ROWS_MAX = 100;
const PAGE_ROWS_DEFAULT = 20;

@ArgsType()
export class PageArguments {
  @Field(() => Int, { nullable: true, defaultValue: PAGE_ROWS_DEFAULT })
  first?: number | null;

  @Field(() => String, { nullable: true })
  after?: string | null;
}

@ObjectType()
export class PageInfo {
  @Field(() => Boolean) hasNextPage: boolean;
  @Field(() => Boolean) hasPreviousPage: boolean;
  @Field(() => String, { nullable: true }) startCursor: string | null;
  @Field(() => String, { nullable: true }) endCursor: string | null;
}

export interface Edge<T> {
  readonly cursor: string;
  readonly node: T;
}

export interface Page<T> {
  readonly edges: Edge<T>[];
  readonly pageInfo: PageInfo;
}

/** A page as a query needs it: how many rows, and the position after which they begin (null: the beginning). */
export interface PageRequest {
  readonly first: number;
  readonly after: string | null;
}

/** The base of a `…Connection` type; it declares the `…Edge` type beside it. */
export function connectionOf<T extends object>(name: string, nodeType: () => abstract new () => T) {
  @ObjectType(`${name}Edge`)
  class NodeEdge implements Edge<T> {
    @Field(() => String) cursor: string;
    @Field(() => nodeType() as new () => T) node: T; // type-graphql wants a concrete class and never calls it
  }

  @ObjectType()
  abstract class Connection implements Page<T> {
    static readonly edgeType = NodeEdge;
    @Field(() => [NodeEdge]) edges: NodeEdge[];
    @Field(() => PageInfo) pageInfo: PageInfo;
  }
  return Connection;
}

/** Checks `first` (1 … 100, absent: 20) and the cursor against `list`. */
export function pageRequest(args: PageArguments, cursors: Cursors, list: string): PageRequest {
  const first = args.first ?? PAGE_ROWS_DEFAULT;
  if (first < 1 || first > PAGE_ROWS_MAX) throw badInput('first', `must be from 1 to ${PAGE_ROWS_MAX}`);
  const after = args.after ?? null;
  return { first, after: after === null ? null : cursors.decode(list, after, 'after') };
}

/** A page from `first + 1` rows: the extra one only says that there is more. */
export function pageOf<T extends object>(
  rows: readonly T[],
  request: PageRequest,
  cursorOf: (row: T) => string,
): Page<T> {
  const edges = rows.slice(0, request.first).map((node) => ({ cursor: cursorOf(node), node }));
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > request.first,
      hasPreviousPage: request.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
