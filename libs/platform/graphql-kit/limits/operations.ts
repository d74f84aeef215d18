import { Injectable, Optional } from '@nestjs/common';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { type ExecutionArgs, getOperationAST, GraphQLError, parse, specifiedRules, validate, type ValidationRule, type DocumentNode, NoSchemaIntrospectionCustomRule } from 'graphql';
import { LRUCache } from 'lru-cache';
import { Forgetting } from '../../personal-data/forgetting.js';
import type { Call } from '../call.js';
import { GatewaySettings } from '../gateway.config.js';
import { costError } from './cost.js';
import { documentLimits } from './document-limits.js';

/** An operation as a client sends it over a socket or an event stream. */
export interface OperationRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** Documents that were found good are kept, up to so many characters. Apollo keeps those that come over HTTP. */
const KEPT_CHARS = 5_000_000;

/** The way from a document to what may run, where Apollo does not walk it: the same limits and the same codes as over HTTP. */
@Injectable()
export class Operations {
  readonly rules: readonly ValidationRule[];
  private readonly documents = new LRUCache<string, DocumentNode>({ maxSize: KEPT_CHARS, sizeCalculation: (_document, query) => query.length + 1 });

  constructor(
    private readonly schemaHost: GraphQLSchemaHost,
    private readonly settings: GatewaySettings,
    @Optional() forgetting?: Forgetting,
  ) {
    forgetting?.register('operations', () => this.documents.clear()); // as DocumentStore says
    this.rules = limitRules(settings);
  }

  /** @returns what graphql-js runs, or why it may not run */
  prepare(request: OperationRequest, call: Call): ExecutionArgs | readonly GraphQLError[] {
    const { schema } = this.schemaHost;
    const { query, operationName, variables } = request;
    const document = this.documentOf(query);
    if (!('kind' in document)) return document;
    const operation = getOperationAST(document, operationName);
    if (!operation) return [new GraphQLError('The document does not hold that operation, or holds several.', { extensions: { code: 'OPERATION_RESOLUTION_FAILURE' } })];
    const refusal = costError({ schema, document, variables, operationName: operation.name?.value }, this.settings.values.PARLEY_GATEWAY_COST_MAX);
    if (refusal) return [refusal];
    return { schema, document, contextValue: call, variableValues: variables ?? {}, operationName };
  }

  private documentOf(query: string): DocumentNode | readonly GraphQLError[] {
    const known = this.documents.get(query);
    if (known) return known;
    const { PARLEY_GATEWAY_TOKENS_MAX: maxTokens, isSchemaShown } = this.settings.values;
    const document = parsed(query, maxTokens);
    if (document instanceof GraphQLError) return [document];
    const introspection = isSchemaShown ? [] : [NoSchemaIntrospectionCustomRule];
    const errors = validate(this.schemaHost.schema, document, [...specifiedRules, ...this.rules, ...introspection]);
    if (errors.length > 0) return errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED'));
    this.documents.set(query, document);
    return document;
  }
}

/** Our limits as validation rules, for Apollo and for `Operations`. */
export function limitRules({ values }: GatewaySettings): readonly ValidationRule[] {
  const limits = {
    depth: values.PARLEY_GATEWAY_DEPTH_MAX,
    aliases: values.PARLEY_GATEWAY_ALIASES_MAX,
    directives: values.PARLEY_GATEWAY_DIRECTIVES_MAX,
    rootFields: values.PARLEY_GATEWAY_ROOT_FIELDS_MAX,
  };
  return [documentLimits(limits)];
}

function parsed(query: string, maxTokens: number): DocumentNode | GraphQLError {
  try {
    return parse(query, { maxTokens });
  } catch (error) {
    return coded(error as GraphQLError, 'GRAPHQL_PARSE_FAILED'); // parse throws nothing else
  }
}

const coded = (error: GraphQLError, code: string) => new GraphQLError(error.message, { nodes: error.nodes, source: error.source, positions: error.positions, extensions: { code } });
