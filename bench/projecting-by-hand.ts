import type { Client } from 'pg';

const BATCH = 2_000;

interface Row {
  readonly position: bigint;
  readonly tenant_id: string;
  readonly type: string;
  readonly revision: bigint;
  readonly data: string;
}

/** What someone who takes trouble writes for these three tables: each batch read once, summed up, and one statement a table. */
export async function projectByHand(client: Client): Promise<void> {
  const read = { name: 'page', text: 'select position, tenant_id, type, revision, data from parley.events where position > $1 order by position limit $2' };
  for (let position = 0n; ; ) {
    const { rows } = await client.query<Row>({ ...read, values: [position, BATCH] });
    const last = rows.at(-1);
    if (!last) return;
    position = last.position;
    await client.query('begin');
    await write(client, rows);
    await client.query({ name: 'mark', text: 'update parley.projection_checkpoints set position = $1', values: [position] });
    await client.query('commit');
  }
}

type Data = Readonly<Record<'conversationId' | 'agentId' | 'messageId' | 'sentBy' | 'text' | 'sentAt' | 'startedBy' | 'startedAt' | 'title', string>>;

async function write(client: Client, rows: readonly Row[]): Promise<void> {
  const facts = rows.map((row) => ({ ...row, data: JSON.parse(row.data) as Data }));
  const started = facts.filter(({ type }) => type === 'ConversationStarted');
  const said = facts.filter(({ type }) => type === 'MessageSent');
  if (started.length > 0) {
    const text = `insert into chat.conversations_v3 (tenant_id, conversation_id, started_by, agent_id, title, message_count, started_at, last_message_at)
      select t, c, b, a, i, 0, s, s from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[]) as j(t, c, b, a, i, s)`;
    const of = (name: keyof Data) => started.map(({ data }) => data[name]);
    await client.query({ name: 'start', text, values: [started.map((each) => each.tenant_id), of('conversationId'), of('startedBy'), of('agentId'), of('title'), of('startedAt')] });
  }
  if (said.length === 0) return;
  const of = (name: keyof Data) => said.map(({ data }) => data[name]);
  const tenants = said.map((each) => each.tenant_id);

  const talks = new Map<string, { tenant: string; count: number; at: string }>();
  const days = new Map<string, { tenant: string; day: string; agent: string; count: number }>();
  for (const { tenant_id: tenant, data } of said) {
    const talk = talks.get(data.conversationId) ?? { tenant, count: 0, at: '' };
    talks.set(data.conversationId, { tenant, count: talk.count + 1, at: data.sentAt });
    const [day, agent] = [data.sentAt.slice(0, 10), data.agentId];
    const key = `${tenant} ${day} ${agent}`;
    days.set(key, { tenant, day, agent, count: (days.get(key)?.count ?? 0) + 1 });
  }
  const [listed, counted] = [[...talks.values()], [...days.values()]];
  await client.query({
    name: 'list',
    text: `update chat.conversations_v3 v set message_count = message_count + n, last_message_at = at
      from unnest($1::uuid[], $2::uuid[], $3::int[], $4::timestamptz[]) as j(t, c, n, at) where v.tenant_id = t and v.conversation_id = c`,
    values: [listed.map((each) => each.tenant), [...talks.keys()], listed.map((each) => each.count), listed.map((each) => each.at)],
  });
  await client.query({
    name: 'transcript',
    text: `insert into chat.messages_v2 (tenant_id, conversation_id, revision, message_id, sent_by, text, sent_at)
      select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::timestamptz[])`,
    values: [tenants, of('conversationId'), said.map(({ revision }) => String(revision)), of('messageId'), of('sentBy'), of('text'), of('sentAt')],
  });
  await client.query({
    name: 'counter',
    text: `insert into bench.messages_daily_v1 as d (tenant_id, day, agent_id, messages) select * from unnest($1::uuid[], $2::date[], $3::uuid[], $4::int[])
      on conflict (tenant_id, day, agent_id) do update set messages = d.messages + excluded.messages`,
    values: [counted.map((each) => each.tenant), counted.map((each) => each.day), counted.map((each) => each.agent), counted.map((each) => each.count)],
  });
}
