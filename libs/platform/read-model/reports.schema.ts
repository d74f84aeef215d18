import { APP } from '../postgres/schema.js';

/**
 * What analysts read: views in a schema of their own, and two groups of logins that see nothing else.
 *
 * A report stands on read models of certain versions. When one of them is replaced its reports go, and are made over the next one in
 * the same transaction, as the latest release that knows these versions has them: so the definitions are kept here.
 */
export const REPORTS_DDL = `
create table if not exists parley.reports (
  name    text not null,
  -- The read models that it stands on, each with its version: usage.replies@2.
  reads   text[] not null,
  ddl     text not null,
  is_made boolean not null default false,
  told_at timestamptz not null default clock_timestamp(),
  primary key (name, reads)
);

-- Logins that see one tenant, and which. Nobody sees more of it than their own row.
create table if not exists parley.analysts (
  role_name name primary key,
  tenant_id uuid not null
);

do $groups$ declare
  everyone text := current_database() || '_analyst';
  tenants  text := current_database() || '_tenant_analyst';
  one      text;
begin
  foreach one in array array[everyone, tenants] loop
    begin
      execute format('create role %I nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls', one);
    exception when duplicate_object or unique_violation then null; end;
    execute format('grant connect on database %I to %I', current_database(), one);
  end loop;
  execute format('grant select on parley.analysts to %I', tenants);
  if not exists (select from pg_policy where polrelid = 'parley.analysts'::regclass and polname = 'own_row') then
    alter table parley.analysts enable row level security, force row level security;
    create policy keeper on parley.analysts to current_user using (true) with check (true);
    execute format('create policy own_row on parley.analysts for select to %I using (role_name = current_user)', tenants);
  end if;
end $groups$;

create schema if not exists analytics;
do $use$ begin
  execute format('grant usage on schema analytics to ${APP}, %I, %I', current_database() || '_analyst', current_database() || '_tenant_analyst');
end $use$;

create or replace function parley.drop_reports_of(read_model text) returns void language plpgsql as $body$
declare report text;
begin
  for report in
    select distinct name from parley.reports where is_made and exists (select from unnest(reads) r where split_part(r, '@', 1) = read_model) order by name
  loop
    execute format('drop view if exists %s', report);
    update parley.reports set is_made = false where name = report;
  end loop;
end $body$;

create or replace function parley.make_reports() returns void language plpgsql as $body$
declare report record;
begin
  for report in
    select distinct on (name) name, reads, ddl, is_made from parley.reports r
    where not exists (select from unnest(r.reads) need where need not in (select m.name || '@' || m.version from parley.read_models m))
    order by name, told_at desc
  loop
    continue when report.is_made and to_regclass(report.name) is not null;
    execute format('drop view if exists %s', report.name);
    execute report.ddl;
    update parley.reports set is_made = (reads = report.reads) where name = report.name;
    perform parley.open_report(report.name::regclass);
  end loop;
end $body$;

-- A report has the rights of who asks, so they are given what it stands on too: rows of their tenant, of tables that they cannot name,
-- for the schema of those stays closed.
create or replace function parley.open_report(report regclass) returns void language plpgsql as $body$
declare
  everyone text := current_database() || '_analyst';
  tenants  text := current_database() || '_tenant_analyst';
  part     record;
begin
  for part in
    with recursive under(oid) as (
      select report::oid
      union
      select d.refobjid from under u join pg_rewrite w on w.ev_class = u.oid
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass and d.refobjid <> u.oid
    )
    select c.oid::regclass as name, c.relkind = 'r' as is_table from under join pg_class c using (oid)
  loop
    execute format('grant select on %s to %I, %I', part.name, everyone, tenants);
    if part.is_table and not exists (select from pg_policy where polrelid = part.name and polname = 'analyst') then
      execute format('create policy analyst on %s for select to %I using (true)', part.name, everyone);
      execute format('create policy tenant_analyst on %s for select to %I using (tenant_id = (select a.tenant_id from parley.analysts a where a.role_name = current_user))', part.name, tenants);
    end if;
  end loop;
end $body$;
revoke all on function parley.drop_reports_of, parley.make_reports, parley.open_report from public;
`;
