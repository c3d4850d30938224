/** What every operation goes through before it is validated, whichever way it came: by HTTP, WebSocket or events. */
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { z } from 'zod';
import type { ApiContext } from '../context.js';
import { ApiError, badInput, type ApiErrorCode } from '../errors.js';
import { parseInput } from '../input.js';
import type { PersistedDocuments } from './persisted-documents.js';
import type { QueryBudget } from './query-budget.js';
import { readDocument } from './read-document.js';

const operationSchema = z.object(
  {
    query: z.string('must be a text').nullish(),
    documentId: z.string('must be a text').max(80, 'must be at most 80 characters').nullish(),
    operationName: z.string('must be a text').nullish(),
    variables: z.record(z.string(), z.unknown(), 'must be an object').nullish(),
    extensions: z
      .object(
        {
          persistedQuery: z
            .object({ sha256Hash: z.string('must be a text') }, 'must be an object with sha256Hash')
            .optional(),
        },
        'must be an object',
      )
      .nullish(),
  },
  'must be one operation',
);
export type SentOperation = z.infer<typeof operationSchema>;

export interface ReadOperation {
  readonly query: string;
  readonly document: DocumentNode;
  readonly cost: number;
}

export class OperationEntrance {
  /** operations that were refused here, by their code */
  readonly refused = new Map<ApiErrorCode, number>();

  constructor(
    readonly schema: GraphQLSchema,
    private readonly documents: PersistedDocuments,
    private readonly budget: QueryBudget,
  ) {}

  /**
   * What was sent as an operation; throws ApiError naming the field for what is none: nothing else may read it then.
   */
  operationOf(sent: unknown): SentOperation {
    try {
      if (Array.isArray(sent)) throw badInput('body', 'must be one operation, not a batch');
      if (typeof sent !== 'object' || sent === null) throw badInput('body', 'must be one operation');
      return parseInput(operationSchema, sent, '');
    } catch (error) {
      throw this.counted(error);
    }
  }

  /** The operation's document, within all limits. Throws ApiError when it is refused, GraphQLError when it is none. */
  read(sent: SentOperation, isByCookie: boolean): ReadOperation {
    try {
      const query = this.documents.textOf(sent, isByCookie);
      if (query === null) throw badInput('query', 'must be a text');
      return { query, ...readDocument(this.schema, { query, variables: sent.variables ?? {} }) };
    } catch (error) {
      throw this.counted(error);
    }
  }

  /** Charges the caller; throws RATE_LIMITED. */
  async charge(context: Pick<ApiContext, 'access' | 'client'>, cost: number): Promise<void> {
    try {
      await this.budget.spend(context, cost);
    } catch (error) {
      throw this.counted(error);
    }
  }

  private counted(error: unknown): unknown {
    if (error instanceof ApiError) this.refused.set(error.code, (this.refused.get(error.code) ?? 0) + 1);
    return error;
  }
}
