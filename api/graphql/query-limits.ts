/**
 * Limits on a document before it is validated (validation itself can be made expensive). Fragments are counted wherever
 * they are spread, each measured once, so that a small document cannot unfold into a large one unseen.
 */
import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { tooComplex } from '../errors.js';

export const QUERY_LIMITS = Object.freeze({
  tokensMax: 2_000,
  depthMax: 12,
  aliasesMax: 30,
  directivesMax: 20,
  rootFieldsMax: 10,
  operationsMax: 5,
  /** validation compares fragments pair by pair, recursively: many that spread each other exhaust its stack */
  fragmentsMax: 30,
  /** objects that may be resolved, lists counted by their `first` */
  costMax: 10_000,
});
/** Rows that a list without `first` is counted as. */
const LIST_ROWS_DEFAULT = 20;
/**
 * Fields that cost more than one object: a body is read and decompressed, an aggregate scans, a proxy is asked. A map,
 * for a document may name a field `constructor`: what is no number would make the whole cost none, and fill the
 * caller's bucket.
 */
const FIELD_COSTS: ReadonlyMap<string, number> = new Map([
  ['requestBody', 100],
  ['responseBody', 100],
  ['analytics', 100],
  ['topGroups', 100],
  ['slowestModels', 100],
  ['clientAddresses', 500],
  ['expensiveRequests', 500],
  ['frequentErrors', 500],
  ['promptFeedback', 500],
  ['repeatedRequests', 1_000],
  ['costBreakdown', 10],
  ['explainRequest', 1_000],
  ['deleteLogs', 1_000],
  ['recalculateCosts', 1_000],
  ['ledgerProof', 1_000],
  ['configuration', 200],
  ['applyConfig', 1_000],
  /** the standard query's answer is about as large as that of 200 objects */
  ['__schema', 200],
  ['__type', 20],
]);

interface Measure {
  depth: number;
  cost: number;
  aliases: number;
  directives: number;
  fields: number;
}

/**
 * The cost of the dearest operation, at least 1. Throws QUERY_TOO_COMPLEX naming the first limit that the document
 * passes. Unknown fields are left to validation.
 */
export function measuredCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  refuseOver('operations', operations.length, QUERY_LIMITS.operationsMax);
  refuseOver('fragments', document.definitions.length - operations.length, QUERY_LIMITS.fragmentsMax);
  const meter = new Meter(schema, document, variables);
  let cost = 1;
  for (const operation of operations) {
    const total = meter.measureOperation(operation);
    refuseOver('levels of depth', total.depth, QUERY_LIMITS.depthMax);
    refuseOver('aliases', total.aliases, QUERY_LIMITS.aliasesMax);
    refuseOver('directives', total.directives, QUERY_LIMITS.directivesMax);
    refuseOver('root fields', total.fields, QUERY_LIMITS.rootFieldsMax);
    refuseOver('points of cost', total.cost, QUERY_LIMITS.costMax);
    cost = Math.max(cost, total.cost);
  }
  return cost;
}

function refuseOver(what: string, count: number, max: number): void {
  if (count > max) throw tooComplex(`The query has ${count} ${what}; at most ${max} are allowed.`);
}

class Meter {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly measured = new Map<string, Measure | null>();
  /** of all operations; of one name, the greatest, for a fragment may stand in several of them */
  private readonly defaults = new Map<string, number>();

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly variables: Readonly<Record<string, unknown>>,
  ) {
    for (const node of document.definitions) {
      if (node.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(node.name.value, node);
      if (node.kind === Kind.OPERATION_DEFINITION) this.takeDefaults(node);
    }
  }

  private takeDefaults(operation: OperationDefinitionNode): void {
    for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
      if (defaultValue?.kind !== Kind.INT) continue;
      const name = variable.name.value;
      this.defaults.set(name, Math.max(this.defaults.get(name) ?? 0, Number(defaultValue.value)));
    }
  }

  measureOperation(operation: OperationDefinitionNode): Measure {
    const total = this.measure(operation.selectionSet, this.schema.getRootType(operation.operation) ?? null);
    total.directives += operation.directives?.length ?? 0;
    return total;
  }

  /** `fields` counts this level only (the root fields of an operation); everything else counts what lies below too. */
  private measure(set: SelectionSetNode, parent: GraphQLCompositeType | null): Measure {
    const total: Measure = { depth: 0, cost: 0, aliases: 0, directives: 0, fields: 0 };
    for (const selection of set.selections) {
      total.directives += selection.directives?.length ?? 0;
      if (selection.kind === Kind.FIELD) add(total, this.measureField(selection, parent));
      else if (selection.kind === Kind.FRAGMENT_SPREAD) add(total, this.measureFragment(selection.name.value));
      else
        add(total, this.measure(selection.selectionSet, this.typeNamed(selection.typeCondition?.name.value) ?? parent));
    }
    return total;
  }

  private measureField(field: FieldNode, parent: GraphQLCompositeType | null): Measure {
    const aliases = field.alias === undefined ? 0 : 1;
    if (field.name.value.startsWith('__')) return this.measureIntrospection(field, aliases);
    const definition =
      parent !== null && (isObjectType(parent) || isInterfaceType(parent))
        ? parent.getFields()[field.name.value]
        : undefined;
    const type = definition === undefined ? null : getNamedType(definition.type);
    const below =
      field.selectionSet === undefined
        ? { depth: 0, cost: 0, aliases: 0, directives: 0, fields: 0 }
        : this.measure(field.selectionSet, type !== null && isCompositeType(type) ? type : null);
    const own = FIELD_COSTS.get(field.name.value) ?? (field.selectionSet === undefined ? 0 : 1);
    return {
      depth: below.depth + 1,
      cost: own + below.cost * this.rows(field, definition),
      aliases: below.aliases + aliases,
      directives: below.directives,
      fields: 1,
    };
  }

  /** The standard introspection query is deeper than any of ours; its size is bounded by the other limits. */
  private measureIntrospection({ name, selectionSet }: FieldNode, aliases: number): Measure {
    const below = selectionSet === undefined ? { aliases: 0, directives: 0 } : this.measure(selectionSet, null);
    return {
      depth: 1,
      cost: FIELD_COSTS.get(name.value) ?? 1,
      aliases: aliases + below.aliases,
      directives: below.directives,
      fields: 1,
    };
  }

  private measureFragment(name: string): Measure {
    const known = this.measured.get(name);
    if (known !== undefined) return known ?? { depth: 0, cost: 0, aliases: 0, directives: 0, fields: 0 };
    this.measured.set(name, null); // met again while being measured: a cycle, which validation refuses
    const fragment = this.fragments.get(name);
    const measure: Measure =
      fragment === undefined
        ? { depth: 0, cost: 0, aliases: 0, directives: 0, fields: 0 }
        : this.measure(fragment.selectionSet, this.typeNamed(fragment.typeCondition.name.value));
    this.measured.set(name, measure);
    return measure;
  }

  /** How many rows a field stands for: its `first` or `top`, or the default where it takes one and none is sent. */
  private rows(field: FieldNode, definition: GraphQLField<unknown, unknown> | undefined): number {
    if (definition === undefined || !definition.args.some((argument) => argument.name === 'first')) return 1;
    const value = field.arguments?.find((argument) => argument.name.value === 'first')?.value;
    if (value?.kind === Kind.INT) return clampRows(Number(value.value));
    if (value?.kind !== Kind.VARIABLE) return LIST_ROWS_DEFAULT;
    const name = value.name.value;
    const sent = Object.hasOwn(this.variables, name) ? this.variables[name] : this.defaults.get(name);
    return typeof sent === 'number' ? clampRows(sent) : LIST_ROWS_DEFAULT;
  }

  private typeNamed(name: string | undefined): GraphQLCompositeType | null {
    const type = name === undefined ? undefined : this.schema.getType(name);
    return type !== undefined && isCompositeType(type) ? type : null;
  }
}

/** A `first` out of bounds is refused by its list; here it must only not make the cost small or negative. */
const clampRows = (rows: number): number => Math.min(Math.max(rows, 1), 100);

function add(total: Measure, part: Measure): void {
  total.depth = Math.max(total.depth, part.depth);
  total.cost += part.cost;
  total.aliases += part.aliases;
  total.directives += part.directives;
  total.fields += part.fields;
}
