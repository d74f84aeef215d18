import { type DocumentNode, GraphQLError, type GraphQLSchema } from 'graphql';
import { type ComplexityEstimator, fieldExtensionsEstimator, getComplexity, simpleEstimator } from 'graphql-query-complexity';
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
 * (`@Field({ complexity })`). Fragments count wherever they are spread.
 *
 * @throws GraphQLError when variables do not fit the document
 */
export const costOf = ({ schema, document, variables, operationName }: Priced): number =>
  getComplexity({ schema, query: document, variables: { ...variables }, ...(operationName != null && { operationName }), estimators });

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
