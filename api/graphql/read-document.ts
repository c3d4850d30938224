/**
 * From a document's text to its tree, within all limits: what every way to the schema goes through before validation.
 */
import { parse, type DocumentNode, type GraphQLSchema, type Token } from 'graphql';
import { ApiError, tooComplex } from '../errors.js';
import { assertComparable } from './overlap-limit.js';
import { measuredCost, QUERY_LIMITS } from './query-limits.js';
import { assertVariablesBounded } from './variable-limits.js';

export interface ReadDocument {
  readonly document: DocumentNode;
  /** of the dearest of its operations, with these variables */
  readonly cost: number;
}

/** The text, and the values that some of its costs depend on. */
export interface SentDocument {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Throws ApiError for what is over a limit, GraphQLError for what is no document. */
export function readDocument(schema: GraphQLSchema, { query, variables }: SentDocument): ReadDocument {
  assertVariablesBounded(variables);
  const document = parsed(query);
  const cost = measuredCost(schema, document, variables);
  assertComparable(document);
  return { document, cost };
}

/** Comments are tokens too (CVE-2026-75508): the parser counts them apart. */
function parsed(query: string): DocumentNode {
  const { tokensMax } = QUERY_LIMITS;
  try {
    const document = parse(query, { maxLexicalTokens: tokensMax, maxComments: tokensMax });
    if (tokensOf(document.loc?.startToken) > tokensMax) throw tooManyTokens();
    return document;
  } catch (error) {
    if (!(error instanceof ApiError) && error instanceof Error && error.message.endsWith('Parsing aborted.')) {
      throw tooManyTokens();
    }
    throw error;
  }
}

const tooManyTokens = (): ApiError =>
  tooComplex(`The query is over ${QUERY_LIMITS.tokensMax} tokens, comments included.`);

/** Without the two that stand for its beginning and its end. */
function tokensOf(first: Token | undefined): number {
  let count = -2;
  for (let token = first ?? null; token !== null; token = token.next) count++;
  return count;
}
