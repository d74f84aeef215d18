import { type ASTNode, type DocumentNode, GraphQLError, type GraphQLSchema, visit } from 'graphql';
import { type ComplexityEstimator, fieldExtensionsEstimator, getComplexity, simpleEstimator } from 'graphql-query-complexity';
import { LRUCache } from 'lru-cache';
import { FIRST_DEFAULT, FIRST_MAX } from '../connection.js';
import { QueryTooComplex } from '../refusals.js';

export interface Priced {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>> | null | undefined;
  readonly operationName: string | null | undefined;
}

/** A page costs what one of its nodes costs, times its length. */
const page: ComplexityEstimator = ({ field, args, childComplexity }) => {
  if (!field.args.some(({ name }) => name === 'first')) return undefined;
  const { first, last } = args as { first?: unknown; last?: unknown };
  const length = [first, last].find((size) => typeof size === 'number') ?? FIRST_DEFAULT;
  return 1 + Math.min(Math.max(length, 1), FIRST_MAX) * childComplexity;
};

const estimators = [fieldExtensionsEstimator(), page, simpleEstimator({ defaultComplexity: 1 })];

/**
 * What an operation may touch: one for each field, times the lengths of the pages that it stands in. A field may say its own
 * (`@Field({ complexity })`). Fragments count wherever they are spread. What a document cost is remembered with it.
 *
 * @throws GraphQLError when variables do not fit the document
 */
export function costOf(priced: Priced): number {
  const { schema, document, variables, operationName } = priced;
  const known = KNOWN.get(document) ?? { variables: pricingVariables(document), costs: new LRUCache<string, number>({ max: COSTS_MAX }) };
  KNOWN.set(document, known);
  const key = keyOf(known.variables, priced);
  const remembered = known.costs.get(key);
  if (remembered !== undefined) return remembered;
  const cost = getComplexity({ schema, query: document, variables: { ...variables }, ...(operationName != null && { operationName }), estimators });
  if (key.length <= KEY_MAX) known.costs.set(key, cost);
  return cost;
}

interface Known {
  /** Those that stand where a price is made: they alone tell two runs of the document apart. */
  readonly variables: readonly string[];
  readonly costs: LRUCache<string, number>;
}

const KNOWN = new WeakMap<DocumentNode, Known>();
const COSTS_MAX = 50;
const KEY_MAX = 200;

/** The variables in `first`, in `last`, and in the conditions of directives. */
function pricingVariables(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  const collect = (node: ASTNode) => void visit(node, { Variable: ({ name }) => void names.add(name.value) });
  visit(document, { Argument: (argument) => (argument.name.value === 'first' || argument.name.value === 'last' ? collect(argument) : undefined), Directive: collect });
  return [...names];
}

const keyOf = (names: readonly string[], { variables, operationName }: Priced) =>
  JSON.stringify([operationName ?? null, names.map((name) => (variables && name in variables ? [variables[name]] : []))]);

/** @returns what to answer when the operation costs too much or cannot be priced, with status 400 over HTTP */
export function costError(priced: Priced, max: number): GraphQLError | undefined {
  try {
    const cost = costOf(priced);
    if (cost <= max) return undefined;
    const refusal = new QueryTooComplex({ cost, max });
    return new GraphQLError(refusal.message, { originalError: refusal, extensions: BAD_REQUEST });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return new GraphQLError(error.message, { nodes: error.nodes, extensions: { ...BAD_REQUEST, code: 'BAD_USER_INPUT' } });
  }
}

const BAD_REQUEST = { http: { status: 400 } };
