import { Field, Int, ObjectType, ArgsType } from '@nestjs/graphql';
import type { Type } from '@nestjs/common';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { InvalidCursor, InvalidInput } from './refusals.js';

/** Longest page. */
export const FIRST_MAX = 100;
export const FIRST_DEFAULT = 50;

/** The arguments of a Relay connection: forwards `first` after a cursor (default 50), or backwards `last` before one; at most 100. */
@ArgsType()
export class ConnectionArgs {
  @Field(() => Int, { nullable: true, description: `How many from the beginning; ${FIRST_DEFAULT} when neither first nor last is given, at most ${FIRST_MAX}.` })
  @IsOptional() @IsInt() @Min(1) @Max(FIRST_MAX)
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Begin after this cursor.' })
  @IsOptional() @IsString() @MaxLength(1_000)
  after?: string | null;

  @Field(() => Int, { nullable: true, description: `How many from the end; at most ${FIRST_MAX}.` })
  @IsOptional() @IsInt() @Min(1) @Max(FIRST_MAX)
  last?: number | null;

  @Field(() => String, { nullable: true, description: 'End before this cursor.' })
  @IsOptional() @IsString() @MaxLength(1_000)
  before?: string | null;
}

@ObjectType({ description: 'Where a page lies in its list.' })
export class PageInfo {
  @Field({ description: 'More lie after `endCursor`.' }) hasNextPage: boolean;
  @Field({ description: 'More lie before `startCursor`.' }) hasPreviousPage: boolean;
  @Field(() => String, { nullable: true }) startCursor: string | null;
  @Field(() => String, { nullable: true }) endCursor: string | null;
}

export interface EdgeOf<Node> {
  cursor: string;
  node: Node;
}

export interface ConnectionOf<Node> {
  edges: EdgeOf<Node>[];
  nodes: Node[];
  pageInfo: PageInfo;
}

/**
 * The GraphQL types of a list of `node`: `<Node>Connection` and `<Node>Edge`.
 *
 * @example @ObjectType() export class AgentConnection extends Connection(Agent) {}
 */
export function Connection<Node>(node: Type<Node>): Type<ConnectionOf<Node>> {
  @ObjectType(`${node.name}Edge`)
  class Edge implements EdgeOf<Node> {
    @Field({ description: 'The place of this one: give it as `after` or `before`.' }) cursor: string;
    @Field(() => node) node: Node;
  }

  @ObjectType({ isAbstract: true })
  class NodeConnection implements ConnectionOf<Node> {
    @Field(() => [Edge]) edges: Edge[];
    @Field(() => [node], { description: 'The same as `edges`, without the cursors.' }) nodes: Node[];
    @Field(() => PageInfo) pageInfo: PageInfo;
  }
  return NodeConnection;
}

/** The values of the columns that a list is sorted by, the last one unique: where a row stands. */
export type Place = readonly (string | number)[];

/** A page as SQL needs it. */
export interface Page {
  /** How many to ask for: one more than is shown, which tells whether there is more. */
  readonly limit: number;
  /** Sort the other way round: `connect` turns the rows back. */
  readonly isBackward: boolean;
  /** Only rows behind this place, in the list's own order. */
  readonly after: Place | undefined;
  /** Only rows before this place, in the list's own order. */
  readonly before: Place | undefined;
}

/**
 * What to ask the database for.
 *
 * @param width how many columns the list is sorted by: a cursor of another list is refused
 * @throws InvalidCursor, InvalidInput when both `first` and `last` are given
 */
export function page(args: ConnectionArgs, width: number): Page {
  const { first, last, after, before } = args;
  if (first != null && last != null) throw new InvalidInput({ fields: [{ path: 'last', problems: ['cannot stand beside first'] }] });
  return {
    limit: (last ?? first ?? FIRST_DEFAULT) + 1,
    isBackward: last != null,
    after: after == null ? undefined : decodeCursor(after, width),
    before: before == null ? undefined : decodeCursor(before, width),
  };
}

/**
 * The page that a query answers.
 *
 * @param rows at most `page(args).limit` rows, as the database gave them: the other way round for a backward page
 * @param placeOf the values of the sort columns, as `page` gave them to SQL
 * @param view a row as GraphQL shows it
 */
export function connect<Row, Node = Row>(rows: readonly Row[], args: ConnectionArgs, placeOf: (row: Row) => Place, view: (row: Row) => Node = (row) => row as unknown as Node): ConnectionOf<Node> {
  const isBackward = args.last != null;
  const size = args.last ?? args.first ?? FIRST_DEFAULT;
  const hasMore = rows.length > size;
  const shown = rows.slice(0, size);
  if (isBackward) shown.reverse();
  const nodes = shown.map((row) => view(row));
  const cursorOf = (row: Row | undefined) => (row === undefined ? null : encodeCursor(placeOf(row)));
  let edges: EdgeOf<Node>[] | undefined;
  return {
    // Most clients ask for nodes alone: cursors are made when they are looked at.
    get edges() {
      return (edges ??= shown.map((row, index) => ({ cursor: encodeCursor(placeOf(row)), node: nodes[index]! })));
    },
    nodes,
    pageInfo: {
      hasNextPage: isBackward ? args.before != null : hasMore,
      hasPreviousPage: isBackward ? hasMore : args.after != null,
      startCursor: cursorOf(shown[0]),
      endCursor: cursorOf(shown.at(-1)),
    },
  };
}

/** Opaque to clients: base64url of JSON. */
export const encodeCursor = (place: Place): string => Buffer.from(JSON.stringify(place)).toString('base64url');

/** @throws InvalidCursor unless it is one of `width` values exactly as `encodeCursor` writes it */
export function decodeCursor(cursor: string, width: number): Place {
  const place = parsed(Buffer.from(cursor, 'base64url').toString());
  const isPlace = Array.isArray(place) && place.length === width && place.every(isPlain);
  if (!isPlace || encodeCursor(place as Place) !== cursor) throw new InvalidCursor();
  return place as Place;
}

/** Postgres stores no NUL, and a cursor's values go into a query. */
const isPlain = (value: unknown) => (typeof value === 'string' ? value.isWellFormed() && !value.includes('\0') : Number.isFinite(value));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
