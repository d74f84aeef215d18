import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { discardDataDirs, parley, type Parley, startParley } from '../running/parley.js';
import { Person } from '../running/person.js';

jest.setTimeout(120_000);

let server: Parley;
beforeAll(async () => {
  server = await startParley();
});
afterAll(async () => {
  await server?.stop();
  discardDataDirs();
});

const lines = <Line>(stdout: string) => stdout.trim().split('\n').map((line) => JSON.parse(line) as Line);

it('an auditor is taken in, sees what happened and what was, and how far an incident went; and changes nothing', async () => {
  const owner = await Person.register(server.url);
  const cli = async (args: readonly string[], input?: string) => {
    const { code, stdout, stderr } = await parley(server, args, input);
    return { code, out: stdout + stderr, stdout };
  };
  expect(await cli(['login', '--email', owner.email, '--password-stdin'], owner.password)).toMatchObject({ code: 0 });
  const auditorEmail = `${crypto.randomUUID()}@example.org`;
  const added = await cli(['members', 'add', '--email', auditorEmail, '--name', 'Grace', '--role', 'auditor', '--json']);
  const { password, personId: auditorId } = JSON.parse(added.stdout) as { password: string; personId: string };
  expect((await cli(['members', 'list', '--json'])).stdout).toContain(auditorId);

  const agent = await owner.createAgent({ name: 'Ada' });
  const conversation = await owner.startConversation(agent, { title: 'A talk' });
  const { replyId } = await owner.send(conversation, 'a secret between us');
  await owner.watch(replyId);
  await owner.get('mutation ($input: RenameAgentInput!) { renameAgent(input: $input) { agentId } }', { input: { agentId: agent, name: 'Grace' } });

  expect(await cli(['login', '--email', auditorEmail, '--password-stdin'], password)).toMatchObject({ code: 0 });
  const history = await cli(['audit', 'history', '--json', '--changes']);
  const facts = lines<{ type: string; position: string; changes: { column: string; before: string; after: string }[] }>(history.stdout);
  expect(facts.map(({ type }) => type)).toEqual(expect.arrayContaining(['PersonRegistered', 'TenantCreated', 'PersonAdded', 'AgentCreated', 'MessageSent', 'GenerationCompleted', 'ReplyRecorded', 'AgentRenamed']));
  for (const hidden of ['a secret between us', 'sealed:v1', owner.email]) expect(history.stdout.includes(hidden)).toBe(false);
  const renamed = facts.find(({ type }) => type === 'AgentRenamed')!;
  expect(renamed.changes).toContainEqual(expect.objectContaining({ column: 'name', before: '"Ada"', after: '"Grace"' }));
  expect((await cli(['audit', 'history', '--type', 'AgentRenamed', '--changes'])).out).toContain('name: "Ada" → "Grace"');

  const before = lines<{ table: string; row: { name: string } }>((await cli(['audit', 'state', '--at', `${Number(renamed.position) - 1}`, '--table', 'agents.agents', '--json'])).stdout);
  expect(before).toMatchObject([{ table: 'agents.agents', row: { name: 'Ada' } }]);
  const state = await cli(['audit', 'state', '--at', new Date().toISOString()]);
  for (const table of ['chat.conversations', 'agents.agents', 'tenancy.members', 'usage.replies']) expect(state.stdout).toContain(`${table} as of `);
  expect(state.stdout).toContain('title=[sealed]');

  const affected = lines<Record<string, unknown>>((await cli(['audit', 'affected', '--agent', agent, '--prompt-version', '1', '--json'])).stdout);
  expect(affected).toMatchObject([{ replyId }, { replies: 1, people: 1 }]);

  // A platform administrator looks into it; another tenant's auditor is told that it is not there.
  const tenantId = (await owner.get<{ me: { tenantId: string } }>('{ me { tenantId } }')).me.tenantId;
  expect(await cli(['logout'])).toMatchObject({ code: 0 }); // the demo person is a platform administrator
  const seen = await cli(['audit', 'affected', '--tenant', tenantId, '--agent', agent, '--json']);
  expect(lines(seen.stdout)).toMatchObject([{ replyId }, { replies: 1, people: 1 }]);
  const lineage = 'query ($tenantId: ID, $replyId: ID!) { auditLineage(tenantId: $tenantId, replyId: $replyId) { model promptVersion } }';
  const platform = JSON.parse(readFileSync(join(server.dataDir, 'demo.json'), 'utf8')) as { email: string; password: string };
  const admin = await Person.signIn(server.url, platform.email, platform.password);
  expect(await admin.get(lineage, { tenantId, replyId })).toEqual({ auditLineage: { model: 'sim-1', promptVersion: 1 } });
  const stranger = await Person.register(server.url);
  expect((await stranger.ask(lineage, { tenantId, replyId })).errors).toMatchObject([{ extensions: { code: 'AUDIT_TENANT_UNKNOWN' } }]);
  expect(await cli(['login', '--email', auditorEmail, '--password-stdin'], password)).toMatchObject({ code: 0 });

  for (const [args, said] of [
    [['audit', 'state', '--at', 'yesterday'], 'This is neither an instant nor a position of the log.'],
    [['audit', 'state', '--at', '2999-01-01T00:00:00Z'], 'This moment has not come yet.'],
    [['audit', 'state', '--tenant', crypto.randomUUID()], 'There is no such tenant.'],
    [['audit', 'history', '--tenant', crypto.randomUUID()], 'There is no such tenant.'],
    [['audit', 'affected', '--tenant', crypto.randomUUID(), '--agent', agent], 'There is no such tenant.'],
    [['audit', 'affected', '--between', 'then..now'], '--between then..now is no range of time.'],
    [['members', 'list'], 'Your role does not allow this.'],
    [['chat', 'hello'], 'Your role does not allow this.'],
  ] as const) {
    const { code, out } = await cli(args);
    expect([code, out.split('\n')[0]]).toEqual([1, `parley: ${said}`]);
  }
});
