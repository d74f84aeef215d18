import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** `up`: from who connected to the server; `down`: its answers. */
export type Direction = 'up' | 'down';

/**
 * What a network does to those on both sides of it.
 *
 * `hold`: nothing gets through, and nobody is told, until it heals; then all goes on. `halfOpen`: the server's side is gone and nobody
 * tells the client. `refuse`: nobody listens. `cut`: a connection is reset once so many bytes have gone that way over it.
 */
export type Weather =
  | { readonly kind: 'fair' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'hold' }
  | { readonly kind: 'halfOpen' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'cut'; readonly direction: Direction; readonly bytes: number };

const FAIR: Weather = { kind: 'fair' };

/** A TCP proxy on loopback in front of one server, under any weather. */
export class FaultProxy {
  private weather: Weather = FAIR;
  private readonly wires = new Set<Wire>();
  private listening = Promise.resolve();

  private constructor(private readonly server: Server, readonly port: number, private readonly upstream: () => number) {
    server.on('connection', (socket) => this.accept(socket));
  }

  /** @param upstream port of the server, asked at each connection: a server that was started again may have another */
  static async start(upstream: () => number): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const port = await listen(server, 0);
    return new FaultProxy(server, port, upstream);
  }

  get connections(): number {
    return this.wires.size;
  }

  /** From now on, for connections that are there too. */
  async set(weather: Weather): Promise<void> {
    this.weather = weather;
    if (weather.kind === 'refuse') {
      this.cutAll();
      await this.listen(false);
    }
    for (const wire of this.wires) wire.set(weather);
  }

  async heal(): Promise<void> {
    this.weather = FAIR;
    await this.listen(true);
    for (const wire of this.wires) wire.set(FAIR);
  }

  /** Resets every connection there is. */
  cutAll(): void {
    for (const wire of this.wires) wire.cut();
  }

  async close(): Promise<void> {
    this.cutAll();
    await this.listen(false);
  }

  private listen(is: boolean): Promise<void> {
    return (this.listening = this.listening.then(async () => {
      if (is === this.server.listening) return;
      if (is) await listen(this.server, this.port);
      else await new Promise<void>((resolve) => this.server.close(() => resolve()));
    }));
  }

  private accept(client: Socket): void {
    const wire = new Wire(client, connect(this.upstream(), '127.0.0.1').setNoDelay(), this.weather);
    this.wires.add(wire);
    void wire.ended.then(() => this.wires.delete(wire));
  }
}

/** One connection through the proxy. */
class Wire {
  private readonly ends = Promise.withResolvers<void>();
  readonly ended = this.ends.promise;
  private readonly passed = { up: 0, down: 0 };
  private readonly queues = { up: Promise.resolve(), down: Promise.resolve() };
  /** The server’s side is gone, and the client does not know. */
  private isDeaf = false;
  /** The last byte has passed. */
  private isOver = false;

  constructor(private readonly client: Socket, private readonly server: Socket, private weather: Weather) {
    this.join('up', client, server);
    this.join('down', server, client);
    this.set(weather);
  }

  set(weather: Weather): void {
    this.weather = weather;
    if (this.isDeaf && weather.kind === 'fair') return this.cut(); // what was swallowed is gone
    if (weather.kind === 'hold') for (const socket of [this.client, this.server]) socket.pause();
    else for (const socket of [this.client, this.server]) socket.resume();
    if (weather.kind === 'halfOpen') {
      this.isDeaf = true;
      this.server.destroy();
    }
    if (weather.kind === 'cut') Object.assign(this.passed, { up: 0, down: 0 });
  }

  cut(): void {
    this.server.destroy();
    this.client.resetAndDestroy();
    this.ends.resolve();
  }

  private join(direction: Direction, from: Socket, to: Socket): void {
    from.on('data', (bytes: Buffer) => this.pass(direction, to, bytes));
    from.on('end', () => this.after(direction, () => !this.isDeaf && to.end()));
    from.on('error', () => !this.isDeaf && this.cut());
    from.on('close', () => {
      if (this.isDeaf && from === this.server) return;
      if (this.client.destroyed || this.server.destroyed) this.after(direction, () => to.destroyed || to.destroy());
      if (from === this.client || to.destroyed) this.ends.resolve();
    });
  }

  private pass(direction: Direction, to: Socket, bytes: Buffer): void {
    if (this.isDeaf || this.isOver) return;
    const { weather } = this;
    if (weather.kind === 'cut' && weather.direction === direction) {
      const left = weather.bytes - this.passed[direction];
      this.passed[direction] += bytes.length;
      if (bytes.length > left) {
        this.isOver = true;
        to.write(bytes.subarray(0, Math.max(0, left)), () => this.cut());
        return;
      }
    }
    this.after(direction, () => void (to.writable && to.write(bytes)));
  }

  /** In its order, and late where the weather is so. */
  private after(direction: Direction, deliver: () => unknown): void {
    const dueAt = this.weather.kind === 'delay' ? performance.now() + this.weather.ms : 0;
    this.queues[direction] = this.queues[direction].then(async () => {
      const leftMs = dueAt - performance.now();
      if (leftMs > 0) await delay(leftMs);
      deliver();
    });
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as { port: number }).port);
    });
  });
}
