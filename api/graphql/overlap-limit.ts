/**
 * How much work validation would have with a document: it compares fields of the same response name pair by pair, and
 * what is selected below them again (CVE-2026-75507 made minutes of a small document). Counted in time that is linear
 * in what is counted, and given up at the bound.
 */
import { Kind, type DocumentNode, type FragmentDefinitionNode, type SelectionSetNode } from 'graphql';
import { tooComplex, type ApiError } from '../errors.js';

/** Selections looked at, and pairs of fields to compare, of all operations and fragments together. */
const COMPARISONS_MAX = 20_000;
/** Deeper is introspection of nothing, or fragments in a circle, which would go on to the end of the stack. */
const LEVELS_MAX = 64;

/** Throws QUERY_TOO_COMPLEX for a document that would take long to compare. */
export function assertComparable(document: DocumentNode): void {
  const comparisons = new Comparisons(document);
  for (const node of document.definitions) if ('selectionSet' in node) comparisons.count([node.selectionSet], 1);
}

/** Fields of one response name: how many, and what is selected below each. */
interface Group {
  fields: number;
  readonly below: SelectionSetNode[];
}

class Comparisons {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private left = COMPARISONS_MAX;

  constructor(document: DocumentNode) {
    for (const node of document.definitions) {
      if (node.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(node.name.value, node);
    }
  }

  /** Counts what lies at one place of the answer, and below it. */
  count(sets: readonly SelectionSetNode[], level: number): void {
    if (level > LEVELS_MAX) throw unfoldsTooFar();
    const groups = new Map<string, Group>();
    const spread = new Set<string>();
    for (const set of sets) this.collect(set, groups, spread);
    for (const { fields, below } of groups.values()) {
      this.spend((fields * (fields - 1)) / 2);
      if (below.length > 0) this.count(below, level + 1);
    }
  }

  /** A fragment counts once at a place, however often it is spread there: so it is compared too. */
  private collect(set: SelectionSetNode, groups: Map<string, Group>, spread: Set<string>): void {
    for (const selection of set.selections) {
      this.spend(1);
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        const group = groups.get(name) ?? { fields: 0, below: [] };
        group.fields++;
        if (selection.selectionSet !== undefined) group.below.push(selection.selectionSet);
        groups.set(name, group);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) this.collect(selection.selectionSet, groups, spread);
      else this.collectFragment(selection.name.value, groups, spread);
    }
  }

  private collectFragment(name: string, groups: Map<string, Group>, spread: Set<string>): void {
    const fragment = this.fragments.get(name);
    if (fragment === undefined || spread.has(name)) return;
    spread.add(name);
    this.collect(fragment.selectionSet, groups, spread);
  }

  private spend(count: number): void {
    this.left -= count;
    if (this.left < 0) throw unfoldsTooFar();
  }
}

const unfoldsTooFar = (): ApiError => tooComplex('The query selects the same fields too often, or unfolds too far.');
