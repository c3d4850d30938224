/** Whether a query asks for percentiles, known before any is read: they cost far more memory than sums. */
import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';
import type { Latency } from './analytics.types.js';

const FIELDS: Readonly<Record<keyof Latency, true>> = {
  durationP50Ms: true,
  durationP95Ms: true,
  durationP99Ms: true,
  timeToFirstTokenP95Ms: true,
};

/** Whether a percentile is selected anywhere below the field that is resolved. */
export function selectsLatency({ fieldNodes, fragments }: GraphQLResolveInfo): boolean {
  const selects = (set: SelectionSetNode | undefined): boolean =>
    set?.selections.some((node) => {
      switch (node.kind) {
        case Kind.FIELD:
          return Object.hasOwn(FIELDS, node.name.value) || selects(node.selectionSet);
        case Kind.INLINE_FRAGMENT:
          return selects(node.selectionSet);
        case Kind.FRAGMENT_SPREAD:
          return selects(fragments[node.name.value]?.selectionSet); // no cycles: the document was validated
      }
    }) ?? false;
  return fieldNodes.some(({ selectionSet }) => selects(selectionSet));
}
