import { APP, createSchema, PROJECTOR, type SchemaPart } from '../postgres/schema.js';
import { REPORTS_DDL } from './reports.schema.js';

/** What is told in Postgres when there is another table to fill, or to read from. */
export const REBUILT = 'parley_rebuilt';

/** What the projectors tell in Postgres when they have taken something in. */
export const PROJECTED = 'parley_projected';

/** How far each table came, which version queries see, what could not be taken in, and what is made for analysts. */
export const readModelSchema: SchemaPart = {
  name: 'parley.projection_checkpoints',
  ddl: `
${createSchema('parley')}

create table if not exists parley.projection_checkpoints (
  table_name text not null,
  lane       int not null,
  position   bigint not null,
  -- Raised by each change of the table: who remembers rows of it knows by this whether they are still true.
  changes    bigint not null default 0,
  -- Positions mean nothing in another store, or in an older copy of the same one.
  store_id   uuid not null,
  epoch      int not null,
  primary key (table_name, lane)
);
grant select on parley.projection_checkpoints to ${APP};
grant select, insert, update, delete on parley.projection_checkpoints to ${PROJECTOR};

-- The version of each read model that queries see.
create table if not exists parley.read_models (
  name         text primary key,
  version      int not null,
  table_name   text not null,
  published_at timestamptz not null default clock_timestamp()
);
grant select on parley.read_models to ${APP}, ${PROJECTOR};

-- Each table that is there for a read model: one for each time it was built.
create table if not exists parley.read_model_builds (
  table_name   text primary key,
  name         text not null,
  version      int not null,
  suffix       text not null,
  -- Tells columns, keys and indexes; null: made by a release that did not say.
  shape        text,
  -- building: takes the place of what is served when it is as far. served. kept: was served before. withdrawn: somebody went back from it.
  state        text not null check (state in ('building', 'served', 'kept', 'withdrawn')),
  started_at   timestamptz not null default clock_timestamp(),
  published_at timestamptz,
  replaced_at  timestamptz,
  -- How many rows differed from those that were served, where both were built alike; null: not compared.
  differences  bigint
);
grant select on parley.read_model_builds to ${PROJECTOR};

-- The first fact of a stream that a table could not take in; the rest of the stream waits behind it.
create table if not exists parley.parked_facts (
  tenant_id  uuid not null,
  table_name text not null,
  stream     text not null,
  lane       int not null,
  event_id   uuid not null,
  type       text not null,
  position   bigint not null,
  revision   bigint not null,
  reason     text not null,
  tries      int not null,
  waiting    int not null,
  parked_at  timestamptz not null default clock_timestamp(),
  primary key (tenant_id, table_name, stream)
);
do $$ begin
  alter table parley.parked_facts enable row level security, force row level security;
  create policy projector on parley.parked_facts to ${PROJECTOR} using (true) with check (true);
  grant select, insert, update, delete on parley.parked_facts to ${PROJECTOR};
exception when duplicate_object then null; end $$;
${REPORTS_DDL}`,
};
