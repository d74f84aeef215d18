import { Injectable, Optional } from '@nestjs/common';
import { type DirectiveNode, type DocumentNode, type ExecutionArgs, execute, type ExecutionResult, getOperationAST, GraphQLError, type GraphQLSchema, type OperationDefinitionNode, OperationTypeNode, type SelectionSetNode, visit } from 'graphql';
import { compileQuery, type CompiledQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import { Forgetting } from '../../personal-data/forgetting.js';

/** A query is compiled when it comes for the third time: compiling costs what some dozen runs save. */
const COMPILED_AT = 3;
const COMPILED_MAX = 500;

type Result = Promise<ExecutionResult> | ExecutionResult;

interface Compiled {
  /** Undefined: it cannot be compiled. */
  readonly query: CompiledQuery['query'] | undefined;
}

/**
 * Runs queries that come again as JavaScript that was made of them: for long lists that is several times the speed of graphql-js,
 * which walks the document anew for each object. So are the events of live sources. Mutations, what cannot be compiled and variables
 * that do not fit are left to graphql-js, so that a client sees the same.
 *
 * A field without a resolver must be a plain property: neither a method nor a promise.
 */
@Injectable()
export class CompiledQueries {
  private readonly compiled = new LRUCache<OperationDefinitionNode, Compiled>({ max: COMPILED_MAX });
  private readonly runs = new WeakMap<OperationDefinitionNode, number>();

  constructor(@Optional() forgetting?: Forgetting) {
    forgetting?.register('compiled-queries', () => this.compiled.clear()); // as DocumentStore says
  }

  /** As graphql-js's `execute`. */
  execute(args: ExecutionArgs): Result {
    return this.run(args) ?? execute(args);
  }

  /** @returns undefined when it is for graphql-js to run the operation, or to say what is wrong with the request; nothing has run then */
  run({ schema, document, operationName, rootValue, contextValue, variableValues }: ExecutionArgs): Result | undefined {
    const operation = getOperationAST(document, operationName);
    if (operation?.operation !== OperationTypeNode.QUERY) return undefined;
    const result = this.compiledOf(operation, schema, document)?.query?.(rootValue, contextValue, variableValues);
    if (result instanceof Promise) return result.then(told);
    return result && 'data' in result ? told(result) : undefined;
  }

  /**
   * What a subscription tells of an event.
   *
   * @throws Error when one of its fields is not there at once
   */
  tell(event: object, args: ExecutionArgs): ExecutionResult {
    const { schema, document, operationName, contextValue, variableValues } = args;
    const compiled = this.compiledOf(getOperationAST(document, operationName)!, schema, document);
    const result = compiled?.query ? compiled.query(event, contextValue, variableValues) : execute({ ...args, rootValue: event });
    if (result instanceof Promise) throw new Error('a live source tells of what is there at once: a field of its events has a resolver that is not');
    return compiled?.query ? told(result) : result;
  }

  private compiledOf(operation: OperationDefinitionNode, schema: GraphQLSchema, document: DocumentNode): Compiled | undefined {
    const known = this.compiled.get(operation);
    if (known) return known;
    const runs = (this.runs.get(operation) ?? 0) + 1;
    this.runs.set(operation, runs);
    if (runs < COMPILED_AT) return undefined;
    const made = { query: queryOf(schema, document, operation.name?.value) };
    this.compiled.set(operation, made);
    return made;
  }
}

function queryOf(schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined): CompiledQuery['query'] | undefined {
  if (isOdd(document)) return undefined;
  const query = compileQuery(schema, document, operationName, { useExperimentalPathBasedSkipInclude: true });
  return isCompiledQuery(query) ? query.query : undefined;
}

/**
 * What the compiler gets wrong: names that mean something else as the key of an object, as `__proto__` does, and conditions on parts
 * of the query that are merged with others (on a field that has no fields they are right).
 */
function isOdd(document: DocumentNode): boolean {
  let found = false;
  const find = (isFound: boolean) => {
    found ||= isFound;
  };
  const conditional = ({ directives, selectionSet }: { readonly directives?: readonly DirectiveNode[]; readonly selectionSet?: SelectionSetNode }) => find((directives ?? []).length > 0 && selectionSet !== undefined);
  visit(document, {
    Name: ({ value }) => find(value in Object.prototype),
    Field: conditional,
    InlineFragment: conditional,
    FragmentSpread: ({ directives = [] }) => find(directives.length > 0),
  });
  return found;
}

/** With errors of graphql-js's own class, which those of the compiled code only look like. */
function told({ data, errors }: ExecutionResult): ExecutionResult {
  if (!errors || errors.length === 0) return { data };
  return { errors: errors.map(({ message, path, locations, originalError }) => Object.assign(new GraphQLError(message, { path, originalError }), { locations })), data };
}
