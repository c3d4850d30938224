import { Arg, Query, Resolver } from 'type-graphql';
import { Authorized } from '../../authorization.js';
import { DateScalar } from '../../scalars/date-scalar.js';
import type { LedgerProofQueries } from './ledger-proof.queries.js';
import { LedgerProof } from './ledger-proof.types.js';

@Resolver()
export class LedgerProofResolver {
  constructor(private readonly proofs: LedgerProofQueries) {}

  /**
   * Whether what was shipped on a day (UTC) stands in the ledger; null: the day is to come, or nothing of it is kept
   * any more. For the operator.
   */
  @Query(() => LedgerProof, { nullable: true })
  @Authorized('ledger.prove')
  async ledgerProof(@Arg('day', () => DateScalar) day: string): Promise<LedgerProof | null> {
    return this.proofs.prove(day);
  }
}
