import { ToyGateway } from '@parley/platform/testing/toy-gateway.js';
import { HealthChecks } from '@parley/platform/health/health-checks.js';
import { buildSchema } from 'graphql';
import { rootPage } from './root-page.js';
import { WebModule } from './web.module.js';

describe('the page at /', () => {
  let gateway: ToyGateway;
  beforeAll(async () => {
    gateway = await ToyGateway.open({}, [WebModule]);
    gateway.app.get(HealthChecks).add({ name: 'event store', check: async () => ({ status: 'up', details: { lag: 0 } }) });
  });
  afterAll(() => gateway.close());

  it('says what this is, how it is, and where to go, and each link leads there', async () => {
    const response = await fetch(gateway.url);
    const page = await response.text();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page).toContain('<h1>Parley</h1>');
    expect(page).toContain('Everything works.');
    expect(page).toContain('event store, lag 0');
    const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, link]) => link ?? '').filter((link) => link !== 'data:,');
    expect(links).toEqual(['/page.css', '/graphql', '/schema.graphql', '/README.md', '/health/ready']);
    for (const link of links) expect((await fetch(`${gateway.url}${link}`, { headers: { accept: 'text/html,*/*' } })).status).toBe(200);
  });

  it('needs no script', async () => {
    const response = await fetch(gateway.url);
    expect(response.headers.get('content-security-policy')).not.toContain('script-src');
    expect(await response.text()).not.toContain('<script');
  });

  it('gives the schema as it is checked in: sorted, whole, with the consistency token on every query', async () => {
    const text = await (await fetch(`${gateway.url}/schema.graphql`)).text();
    const fields = Object.values(buildSchema(text).getQueryType()?.getFields() ?? {});
    expect(fields.map(({ name }) => name)).toEqual(fields.map(({ name }) => name).sort());
    for (const { args } of fields) expect(args.map(({ name }) => name)).toContain('consistencyToken');
  });
});

describe('the page where the schema is hidden', () => {
  it('links to neither explorer nor schema, and does not serve them', async () => {
    const production = await ToyGateway.open({ isSchemaShown: false, isExplorerShown: false }, [WebModule]);
    const page = await (await fetch(production.url)).text();
    const { status } = await fetch(`${production.url}/schema.graphql`);
    await production.close();
    expect(page).not.toMatch(/href="\/(graphql|schema\.graphql)"/);
    expect(status).toBe(404);
  });
});

it('shows what is down, and nothing as HTML that is not', () => {
  const page = rootPage({ health: { status: 'down', checks: { '<b>x</b>': { status: 'down', details: { reason: '"&' } } } }, isExplorerShown: true, isSchemaShown: true, hasReadme: false });
  expect(page).toContain('A part is down.');
  expect(page).toContain('&lt;b&gt;x&lt;/b&gt;, reason &quot;&amp;');
  expect(page).not.toContain('README');
});
