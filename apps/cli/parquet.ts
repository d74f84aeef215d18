import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';

/** A column of a table as the server describes it. */
export interface Column {
  readonly name: string;
  /** As Postgres writes it. */
  readonly type: string;
  readonly unit: string;
  readonly meaning: string;
}

type Row = Readonly<Record<string, string | number | boolean | null>>;
type Value = string | number | bigint | boolean | Date | null;

interface Kind {
  readonly element: Omit<SchemaElement, 'name'>;
  readonly read: (value: string | number | boolean) => Value;
}

const TEXT: Kind = { element: { type: 'BYTE_ARRAY', converted_type: 'UTF8' }, read: String };
const KINDS: Readonly<Record<string, Kind>> = {
  bigint: { element: { type: 'INT64' }, read: (value) => BigInt(value) },
  integer: { element: { type: 'INT32' }, read: Number },
  'double precision': { element: { type: 'DOUBLE' }, read: Number },
  numeric: { element: { type: 'DOUBLE' }, read: Number },
  boolean: { element: { type: 'BOOLEAN' }, read: Boolean },
  date: { element: { type: 'INT32', converted_type: 'DATE' }, read: (value) => new Date(`${String(value)}T00:00:00.000Z`) },
  'timestamp with time zone': { element: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }, read: (value) => new Date(String(value)) },
};

/** Rows of one group: as many as are held in memory at a time. */
const GROUP = 50_000;

/** A Parquet file of the rows, piece by piece, whatever their number. What each column means stands in it too. */
export async function* parquetOf(columns: readonly Column[], rows: AsyncIterable<Row>): AsyncGenerator<Uint8Array, void> {
  const bytes = new ByteWriter();
  const schema: SchemaElement[] = [{ name: 'root', num_children: columns.length }, ...columns.map(({ name, type }) => ({ name, repetition_type: 'OPTIONAL' as const, ...kindOf(type).element }))];
  const kvMetadata = columns.map(({ name, unit, meaning }) => ({ key: name, value: `${meaning} [${unit}]` }));
  const file = new ParquetWriter({ writer: bytes, schema, kvMetadata, createdBy: 'parley' });
  for await (const group of grouped(rows)) {
    await file.write({ columnData: columns.map(({ name, type }) => ({ name, data: group.map((row) => valueOf(row[name], kindOf(type))) })), rowGroupSize: GROUP });
    yield taken(bytes);
  }
  await file.finish();
  yield taken(bytes);
}

const kindOf = (type: string): Kind => KINDS[type] ?? TEXT;

const valueOf = (value: string | number | boolean | null | undefined, { read }: Kind): Value => (value === null || value === undefined ? null : read(value));

async function* grouped(rows: AsyncIterable<Row>): AsyncGenerator<Row[], void> {
  let group: Row[] = [];
  for await (const row of rows) {
    group.push(row);
    if (group.length < GROUP) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** What has been written since the last time; the writer goes on counting. */
function taken(bytes: ByteWriter): Uint8Array {
  const piece = bytes.getBytes().slice();
  bytes.index = 0;
  return piece;
}
