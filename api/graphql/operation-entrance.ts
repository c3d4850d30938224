/** What every operation goes through before it is validated, whichever way it came: by HTTP, WebSocket or events. */
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { z } from 'zod';
import type { ApiContext } from '../context.js';
import { ApiError, type ApiErrorCode } from '../errors.js';
import type { PersistedDocuments } from './persisted-documents.js';
import type { QueryBudget } from './query-budget.js';
import { readDocument } from './read-document.js';

export const operationSchema = z.object({
  query: z.string('must be a text').nullish(),
  documentId: z.string().max(80).nullish(),
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  extensions: z.object({ persistedQuery: z.object({ sha256Hash: z.string() }).optional() }).nullish(),
});
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
   * The operation's document, within all limits; null: it names none. Throws ApiError when it is refused, GraphQLError
   * when it is no document.
   */
  read(sent: SentOperation, isByCookie: boolean): ReadOperation | null {
    try {
      const query = this.documents.textOf(sent, isByCookie);
      return query === null
        ? null
        : { query, ...readDocument(this.schema, { query, variables: sent.variables ?? {} }) };
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
