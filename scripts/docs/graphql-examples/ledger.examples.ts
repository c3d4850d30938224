import type { GraphqlExamples } from './example.js';

export const EXAMPLES: GraphqlExamples = {
  'Query.ledgerProof': {
    says: 'Whether every number that a proxy gave a record on that day is in the ledger ([how that is known](ledger.md)).',
    as: 'operator',
    document: 'query ($day: Date!) { ledgerProof(day: $day) { isWhole lost duplicated quarantined } }',
    variables: { day: '{today.date}' },
  },
};
