import { ToyGateway } from '../../testing/toy-gateway.js';

let gateway: ToyGateway;
beforeAll(async () => (gateway = await ToyGateway.open()));
afterAll(() => gateway.close());

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('the explorer', () => {
  it('is a page whose files all come from here', async () => {
    const response = await fetch(`${gateway.url}/graphql`, { headers: html });
    const page = await response.text();
    const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '').filter((file) => file !== 'data:,');
    expect(files).toHaveLength(6);
    for (const file of files) {
      expect(file).toMatch(/^\/graphql\/explorer\//);
      const served = await fetch(`${gateway.url}${file}`);
      expect(served.status).toBe(200);
      expect(served.headers.get('content-type')).toMatch(file.endsWith('.css') ? /^text\/css/ : /^text\/javascript/);
      expect(served.headers.get('cache-control')).toContain('immutable');
      expect((await served.text()).length).toBeGreaterThan(20);
    }
  });

  it('runs no script that stands in the page, and none of another host', async () => {
    const policy = (await fetch(`${gateway.url}/graphql`, { headers: html })).headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it('leaves queries alone', async () => {
    expect((await gateway.ask('{ openDoor }', {}, html)).data).toEqual({ openDoor: 'open' });
    const query = await fetch(`${gateway.url}/graphql?query={openDoor}`, { headers: { 'apollo-require-preflight': '1' } });
    expect(await query.json()).toEqual({ data: { openDoor: 'open' } });
  });

  it('serves no other file', async () => {
    const base = (await (await fetch(`${gateway.url}/graphql`, { headers: html })).text()).match(/\/graphql\/explorer\/\w+/)?.[0];
    for (const path of ['package.json', '..%2f..%2fpackage.json', '../../package.json', '']) expect((await fetch(`${gateway.url}${base}/${path}`)).status).toBeGreaterThanOrEqual(400);
  });

  it('is not there where the schema is hidden', async () => {
    const production = await ToyGateway.open({ isSchemaShown: false, isExplorerShown: false });
    const { status } = await fetch(`${production.url}/graphql`, { headers: html });
    await production.close();
    expect(status).toBe(400);
  });
});
