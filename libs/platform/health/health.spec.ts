import { setTimeout as sleep } from 'node:timers/promises';
import { ToyGateway } from '../testing/toy-gateway.js';
import { HealthChecks } from './health-checks.js';

let gateway: ToyGateway;
beforeEach(async () => (gateway = await ToyGateway.open()));
afterEach(() => gateway.close());

const ready = async () => {
  const response = await fetch(`${gateway.url}/health/ready`);
  return { status: response.status, body: (await response.json()) as { status: string; checks: Record<string, unknown> } };
};
const needs = (name: string, check: () => Promise<{ status: 'up' | 'degraded' | 'down'; details?: Record<string, unknown> }>) => gateway.app.get(HealthChecks).add({ name, check });

describe('health', () => {
  it('is live as soon as the process answers', async () => {
    needs('database', async () => ({ status: 'down' }));
    const response = await fetch(`${gateway.url}/health/live`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'up' }]);
  });

  it('is ready when everything that it needs is there', async () => {
    needs('database', async () => ({ status: 'up', details: { lag: 3 } }));
    expect(await ready()).toEqual({ status: 200, body: { status: 'up', checks: { database: { status: 'up', details: { lag: 3 } } } } });
  });

  it('keeps its traffic while a part is degraded', async () => {
    needs('database', async () => ({ status: 'up' }));
    needs('projections', async () => ({ status: 'degraded', details: { parked: 1 } }));
    expect(await ready()).toMatchObject({ status: 200, body: { status: 'degraded', checks: { projections: { details: { parked: 1 } } } } });
  });

  it('is not ready when a thing is down, breaks or hangs, and says no more of it', async () => {
    needs('broken', async () => {
      throw new Error('password authentication failed for user "parley" at 10.0.0.7');
    });
    needs('hanging', () => sleep(60_000, { status: 'up' as const }, { ref: false }));
    const { status, body } = await ready();
    expect(status).toBe(503);
    expect(body).toEqual({ status: 'down', checks: { broken: { status: 'down', details: { reason: 'error' } }, hanging: { status: 'down', details: { reason: 'timeout' } } } });
  });

  it('is not ready from the moment that it is to stop, and goes on to answer', async () => {
    needs('database', async () => ({ status: 'up' }));
    gateway.app.get(HealthChecks).stopping();
    expect(await ready()).toEqual({ status: 503, body: { status: 'down', checks: { database: { status: 'up' }, process: { status: 'down', details: { reason: 'stopping' } } } } });
  });
});
