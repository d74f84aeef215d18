import { setTimeout as sleep } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { Args, Field, Int, ObjectType, Resolver, Subscription } from '@nestjs/graphql';
import { ToyBroken } from '../../testing/toy.resolver.js';
import { type Message, ToyGateway, type ToySocket } from '../../testing/toy-gateway.js';
import { LiveSource, type Teller } from './live-source.js';

@ObjectType()
class Tick {
  @Field(() => Int) number: number;
  @Field() text: string;
}

/** One event, which counts how often its text is read. */
class CountedTick extends Tick {
  reads = 0;

  constructor(override readonly number: number, private readonly said = `tick ${number}`) {
    super();
    Object.defineProperty(this, 'text', { get: () => (this.reads++, this.said) });
  }
}

/** All who watch. */
const tellers = new Set<Teller<Tick>>();
const tellAll = (...ticks: readonly Tick[]) => tellers.forEach(({ tell }) => tell(ticks));

let over: PromiseWithResolvers<void>;
beforeEach(() => void (over = Promise.withResolvers()));

@Resolver()
class TickResolver {
  @Subscription(() => Tick, { resolve: (tick: Tick) => tick })
  ticks(): LiveSource<Tick> {
    return new LiveSource(async (teller, signal) => {
      tellers.add(teller);
      await Promise.race([over.promise, new Promise((resolve) => signal.addEventListener('abort', resolve))]).finally(() => tellers.delete(teller));
    });
  }

  /** Drawn from what there is always more of. */
  @Subscription(() => Tick, { resolve: (tick: Tick) => tick })
  drawn(@Args('size', { type: () => Int }) size: number): LiveSource<Tick> {
    const text = 'x'.repeat(size);
    return new LiveSource(async ({ draw, heard }, signal) => {
      draw(() => Array.from({ length: 10 }, () => Object.assign(new Tick(), { number: taken++, text })));
      const more = setInterval(heard, 1);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      clearInterval(more);
    });
  }
}

let taken = 0;

@Module({ providers: [TickResolver] })
class TicksModule {}

let gateway: ToyGateway;
const sockets: ToySocket[] = [];
beforeAll(async () => (gateway = await ToyGateway.open({}, [TicksModule])));
afterAll(() => gateway.close());
afterEach(async () => {
  over.resolve();
  await Promise.all(sockets.splice(0).map(({ socket, closed }) => (socket.terminate(), closed)));
  await until(() => tellers.size === 0);
});

const TICKS = 'subscription { ticks { number text } }';

async function watching(id: string, query = TICKS, variables = {}): Promise<ToySocket> {
  const [socket, before] = [await gateway.signedIn(), tellers.size];
  sockets.push(socket);
  socket.subscribe(id, query, variables);
  await until(() => tellers.size > before);
  return socket;
}

describe('a live source', () => {
  it('tells each who watches in their own words, and then that it is over', async () => {
    const [one, other] = [await watching('one'), await watching('öther "2"', 'subscription Names { tick: ticks { __typename n: number } }')];
    tellAll(new CountedTick(1));
    over.resolve();
    await Promise.all([one.next('complete'), other.next('complete')]);
    expect(one.messages).toEqual([{ id: 'one', type: 'next', payload: { data: { ticks: { number: 1, text: 'tick 1' } } } }]);
    expect(other.messages).toEqual([{ id: 'öther "2"', type: 'next', payload: { data: { tick: { __typename: 'Tick', n: 1 } } } }]);
  });

  it('tells all of what comes at once, each in a message of its own, in order, in one write', async () => {
    const socket = await watching('a');
    const chunks: Buffer[] = [];
    (socket.socket as unknown as { _socket: { prependListener(name: string, take: (chunk: Buffer) => void): void } })._socket.prependListener('data', (chunk) => chunks.push(chunk));
    tellAll(new CountedTick(1));
    tellAll(new CountedTick(2), new CountedTick(3));
    for (let number = 1; number <= 3; number++) expect(tickOf(await socket.next('next'))).toEqual({ number, text: `tick ${number}` });
    expect(chunks).toHaveLength(1);
  });

  it('makes what it tells once for all who ask the same', async () => {
    const all = [await watching('a'), await watching('b'), await watching('c')];
    const tick = new CountedTick(1);
    tellAll(tick);
    for (const socket of all) expect(tickOf(await socket.next('next'))).toEqual({ number: 1, text: 'tick 1' });
    expect(tick.reads).toBe(1);
  });

  it('tells those apart who ask the same with other variables', async () => {
    const query = 'subscription ($brief: Boolean!) { ticks { number text @skip(if: $brief) } }';
    const [brief, whole] = [await watching('a', query, { brief: true }), await watching('a', query, { brief: false })];
    for (let number = 1; number <= 4; number++) {
      tellAll(new CountedTick(number));
      expect(tickOf(await brief.next('next'))).toEqual({ number });
      expect(tickOf(await whole.next('next'))).toEqual({ number, text: `tick ${number}` });
    }
  });

  it.each([125, 126, 127, 65_535, 65_536, 200_000])('tells a message of %i bytes whole', async (bytes) => {
    const socket = await watching('a');
    const around = JSON.stringify({ id: 'a', type: 'next', payload: { data: { ticks: { number: 1, text: '' } } } }).length;
    tellAll(new CountedTick(1, 'y'.repeat(bytes - around)), new CountedTick(2));
    expect(JSON.stringify(await socket.next('next'))).toHaveLength(bytes);
    expect(tickOf(await socket.next('next'))).toEqual({ number: 2, text: 'tick 2' });
  });

  it('says what is wrong with an event as any other result does', async () => {
    const socket = await watching('a');
    for (let n = 0; n < 4; n++) {
      tellAll(Object.assign(new Tick(), { number: null }));
      const { payload } = await socket.next('next');
      expect(payload).toEqual({ data: null, errors: [expect.objectContaining({ message: 'Something went wrong on our side.', extensions: expect.objectContaining({ code: 'INTERNAL', correlationId: expect.any(String) as unknown }) as unknown })] });
    }
  });

  it('says why when it breaks', async () => {
    const socket = await watching('a');
    tellAll(new CountedTick(1));
    over.reject(new ToyBroken());
    expect((await socket.next('error')).payload).toEqual([expect.objectContaining({ extensions: expect.objectContaining({ code: 'TOY_BROKEN' }) as unknown })]);
    expect(tickOf(await socket.next('next'))).toEqual({ number: 1, text: 'tick 1' });
    over = Promise.withResolvers();
  });

  it('is left at once when its reader leaves', async () => {
    const socket = await watching('a');
    socket.send({ id: 'a', type: 'complete' });
    await until(() => tellers.size === 0);
    await watching('b');
    sockets.at(-1)!.socket.terminate();
    await until(() => tellers.size === 0);
  });

  it('lets nothing pile up for one who does not read, and tells them all when they do', async () => {
    const socket = await gateway.signedIn();
    sockets.push(socket);
    const network = (socket.socket as unknown as { _socket: { pause(): void; resume(): void } })._socket;
    network.pause();
    taken = 0;
    socket.subscribe('a', 'subscription { drawn(size: 100000) { number text } }');
    await until(() => taken > 0);
    for (let before = -1; before !== taken; await sleep(100)) before = taken;
    expect(taken).toBeLessThan(1_000); // what the kernel takes, and one piece
    const stopped = taken;
    network.resume();
    for (let number = 0; number < stopped + 100; number++) expect(tickOf(await socket.next('next')).number).toBe(number);
  });

  it('is told by event streams, too', async () => {
    const response = await gateway.stream(TICKS);
    await until(() => tellers.size === 1);
    tellAll(new CountedTick(1), new CountedTick(2));
    over.resolve();
    const text = await response.text();
    expect(text.match(/data: \{.*/g)).toEqual([1, 2].map((number) => `data: ${JSON.stringify({ data: { ticks: { number, text: `tick ${number}` } } })}`));
  });
});

const tickOf = ({ payload }: Message) => (payload as { data: { ticks?: Tick; drawn?: Tick } }).data.ticks ?? (payload as { data: { drawn: Tick } }).data.drawn;

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 5_000; !condition(); await sleep(5)) if (Date.now() > end) throw new Error('it did not come to that');
}
