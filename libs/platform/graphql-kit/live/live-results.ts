import { Injectable, Optional } from '@nestjs/common';
import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute, getOperationAST, type OperationDefinitionNode, visit } from 'graphql';
import { Forgetting } from '../../personal-data/forgetting.js';
import { CompiledQueries } from '../execution/compiled-queries.js';
import { LiveSource } from './live-source.js';
import { Recent } from './recent.js';

/** The results of a subscription, one for each event of its source. */
export class SubscriptionResults implements AsyncGenerator<ExecutionResult, void> {
  private readonly events: AsyncIterator<unknown>;

  constructor(source: AsyncIterable<unknown>, private readonly resultOf: (event: unknown) => ExecutionResult | Promise<ExecutionResult>) {
    this.events = source[Symbol.asyncIterator]();
  }

  async next(): Promise<IteratorResult<ExecutionResult, void>> {
    const event = await this.events.next();
    return event.done ? { done: true, value: undefined } : { done: false, value: await this.resultOf(event.value) };
  }

  async return(): Promise<IteratorResult<ExecutionResult, void>> {
    await this.events.return?.();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<never> {
    await this.events.return?.();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Results of a subscription whose source is live: who can, takes the events, and their results as text. */
export class LiveResults extends SubscriptionResults {
  constructor(
    readonly source: LiveSource<object>,
    readonly tell: (event: object) => ExecutionResult,
    /** `tell` as JSON, made once for all who are told the same; undefined where it has errors, which each client is told in its own way. */
    readonly textOf: (event: object) => Buffer | undefined,
  ) {
    super(source, (event) => tell(event as object));
  }
}

/** Runs subscriptions. */
@Injectable()
export class Subscriptions {
  /** By event, then by what is asked of it. */
  private readonly texts = new Recent<object, Map<unknown, Buffer>>();
  private readonly isVaried = new WeakMap<OperationDefinitionNode, boolean>();

  constructor(private readonly queries: CompiledQueries, @Optional() forgetting?: Forgetting) {
    forgetting?.register('subscriptions', () => this.texts.clear());
  }

  /** As graphql-js's `subscribe`. @returns LiveResults where the source is live */
  async subscribe(args: ExecutionArgs): Promise<SubscriptionResults | ExecutionResult> {
    const source = await createSourceEventStream(args);
    if (!(Symbol.asyncIterator in source)) return source;
    if (!(source instanceof LiveSource)) return new SubscriptionResults(source, async (event) => execute({ ...args, rootValue: event }));
    const tell = (event: object) => this.queries.tell(event, args);
    const asked = this.askedBy(args);
    return new LiveResults(source as LiveSource<object>, tell, (event) => this.textOf(event, asked, tell));
  }

  private textOf(event: object, asked: unknown, tell: (event: object) => ExecutionResult): Buffer | undefined {
    const known = this.texts.get(event);
    const text = known?.get(asked);
    if (text) return text;
    const { data, errors } = tell(event);
    if (errors) return undefined;
    const made = Buffer.from(JSON.stringify({ data }));
    if (known) known.set(asked, made);
    else this.texts.set(event, new Map([[asked, made]]));
    return made;
  }

  /** The same for all who are told the same. A document that came before is the same object, see Operations. */
  private askedBy({ document, operationName, variableValues }: ExecutionArgs): unknown {
    const operation = getOperationAST(document, operationName)!;
    let isVaried = this.isVaried.get(operation);
    if (isVaried === undefined) this.isVaried.set(operation, (isVaried = hasVariablesBelow(operation)));
    return isVaried ? `${operation.loc!.source.body}\n${operation.name?.value}\n${JSON.stringify(variableValues)}` : operation;
  }
}

/** Whether its variables decide more than which events there are. */
function hasVariablesBelow(operation: OperationDefinitionNode): boolean {
  let [depth, found] = [0, false];
  const find = () => {
    found = true;
  };
  visit(operation, {
    SelectionSet: { enter: () => void depth++, leave: () => void depth-- },
    Variable: () => depth > 1 && find(),
    Directive: find,
    FragmentSpread: find, // what it holds stands elsewhere in the document
  });
  return found;
}
