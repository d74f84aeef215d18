import { defineEvent } from '@parley/kernel/event.js';
import { z } from 'zod';
import { MemoryEventStore } from '../event-store/memory.event-store.js';
import { MemoryKeyStore } from '../key-store/memory.key-store.js';
import { Codec } from '../personal-data/codec.js';
import { PersonKeys } from '../personal-data/person-keys.js';
import { SystemRandom } from '../random/random.js';
import { capturedLog } from '../testing/captured-log.js';
import { another, tenantId } from '../testing/meta.js';
import { FactNews } from './fact-news.js';
import { StoreEventLog } from './store.event-log.js';

const Opened = defineEvent('Opened', z.object({ door: z.string() }));
const Closed = defineEvent('Closed', z.object({ door: z.string() }));
const codec = new Codec(new PersonKeys(new MemoryKeyStore()), new SystemRandom());

let [store, news] = [new MemoryEventStore(), undefined as FactNews | undefined];
let follows = 0;
const said = async (...events: Parameters<typeof codec.encode>[0]) =>
  store.append(`spec.door-${crypto.randomUUID()}`, -1n, await codec.encode(events, { Opened, Closed }, another(), events.map(() => crypto.randomUUID())));
const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};

beforeEach(() => {
  [store, follows] = [new MemoryEventStore(), 0];
  const log = new StoreEventLog(store);
  const follow = log.follow.bind(log);
  log.follow = (options) => (follows++, follow(options));
  news = new FactNews(log, codec);
});
afterEach(() => news!.beforeApplicationShutdown());

describe('news of facts', () => {
  it('tells each who hears their facts from the start on, and follows the log once', async () => {
    const [heard, positions]: [string[], bigint[]] = [[], []];
    await said(Opened({ door: 'before' }));
    news!.hear({ Opened, Closed }, ({ type, data }) => heard.push(`${type} ${data.door}`));
    news!.hearStored({ Closed }, (facts) => void positions.push(...facts.map(({ position }) => position)));
    news!.onApplicationBootstrap();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await said(Opened({ door: 'front' }), Closed({ door: 'front' }));
    await said(Closed({ door: 'back' }));
    await until(() => positions.length === 2);
    expect(heard).toEqual(['Opened front', 'Closed front', 'Closed back']);
    expect(positions).toEqual([3n, 4n]);
    expect(follows).toBe(1);
  });

  it('goes on when one fails to take something in, and says so; what nobody can read disturbs nobody', async () => {
    const log = capturedLog();
    const heard: string[] = [];
    news!.hear({ Opened }, ({ data }) => {
      throw new Error(`the ${data.door} door is stuck`);
    });
    news!.hear({ Opened }, ({ data }) => heard.push(data.door));
    news!.onApplicationBootstrap();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await said(Opened({ door: 'front' }));
    await store.append('spec.door-broken', -1n, [{ eventId: crypto.randomUUID(), tenantId, type: 'Opened', data: '{}', meta: '{}' }]);
    await said(Opened({ door: 'back' }));
    await until(() => heard.length === 2);
    expect(heard).toEqual(['front', 'back']);
    expect(log.text()).toContain('the front door is stuck');
    expect(log.text()).toContain('fact-news.undecodable');
  });

  it('follows nothing where nobody hears', () => {
    news!.onApplicationBootstrap();
    expect(follows).toBe(0);
  });
});
