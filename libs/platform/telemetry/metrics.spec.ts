import { ToyGateway } from '../testing/toy-gateway.js';
import { Metrics } from './metrics.js';

let gateway: ToyGateway;
beforeAll(async () => (gateway = await ToyGateway.open()));
afterAll(() => gateway.close());
afterEach(() => delete process.env.PARLEY_METRICS_TOKEN);

const scrape = async (url = gateway.url, headers: Record<string, string> = {}) => {
  const response = await fetch(`${url}/metrics`, { headers });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
};

describe('/metrics', () => {
  it('counts root fields by how they end, errors by code, and open subscriptions', async () => {
    await gateway.ask('{ openDoor }');
    await gateway.ask('{ broken(how: "refused") }');
    const socket = await gateway.signedIn();
    socket.subscribe('a', 'subscription { forever }');
    await socket.next('next');
    const { status, type, text } = await scrape();
    socket.socket.close();
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(text).toContain('parley_graphql_seconds_count{type="query",field="openDoor",outcome="ok"} 1');
    expect(text).toContain('parley_graphql_seconds_count{type="query",field="broken",outcome="TOY_BROKEN"} 1');
    expect(text).toContain('parley_gateway_errors_total{code="TOY_BROKEN",kind="conflict"} 1');
    expect(text).toContain('parley_gateway_subscriptions{transport="websocket"} 1');
    expect(text).toContain('parley_gateway_connections{transport="sse"} 0');
    expect(text).toMatch(/nodejs_eventloop_lag_seconds \d/);
    expect(text).toMatch(/parley_http_seconds_count\{method="POST",route="\/graphql",status="200"\} \d/);
  });

  it('labels nothing with what a client sent', async () => {
    await gateway.ask('query Canary_7 { openDoor }');
    await fetch(`${gateway.url}/canary_8`);
    expect((await scrape()).text).not.toMatch(/canary/i);
  });

  it('has no value for what cannot be read', async () => {
    gateway.app.get(Metrics).gauge('toy_lag', 'Lag.', ['name'], async () => [{ labels: { name: 'a' }, value: 7 }]);
    gateway.app.get(Metrics).gauge('toy_gone', 'Gone.', [], () => Promise.reject(new Error('no database')));
    const { text } = await scrape();
    expect(text).toContain('toy_lag{name="a"} 7');
    expect(text).not.toMatch(/^toy_gone /m);
  });

  it('asks for its token where one is set', async () => {
    process.env.PARLEY_METRICS_TOKEN = 'a-token-of-the-spec';
    const closed = await ToyGateway.open();
    const answers = [await scrape(closed.url), await scrape(closed.url, { authorization: 'Bearer a-token-of-another' }), await scrape(closed.url, { authorization: 'Bearer a-token-of-the-spec' })];
    await closed.close();
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 200]);
  });
});
