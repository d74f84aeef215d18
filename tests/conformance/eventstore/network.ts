import { connect, createServer, type Socket } from 'node:net';

/** `loses the answer`: the request arrives, and the connection breaks at the first byte that comes back; after that it is well again. */
export type Weather = 'well' | 'loses the answer' | { readonly delayMs: number };

/** The way to a server, as good as it is told to be. */
export interface Network {
  readonly port: number;
  weather: Weather;
  /** How many answers were lost. */
  readonly lost: number;
  end(): Promise<void>;
}

export async function networkTo(target: number): Promise<Network> {
  const sockets = new Set<Socket>();
  const network = { weather: 'well' as Weather, lost: 0 };
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const [one, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => (sockets.delete(one), other.destroy()));
    }
    client.pipe(upstream);
    upstream.on('data', (answer) => {
      if (network.weather === 'well') return void client.write(answer);
      if (network.weather !== 'loses the answer') return void setTimeout(() => client.write(answer), network.weather.delayMs);
      network.weather = 'well';
      network.lost += 1;
      client.destroy();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const end = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return Object.defineProperties({ port, end } as Network, Object.getOwnPropertyDescriptors({ get weather() { return network.weather; }, set weather(value) { network.weather = value; }, get lost() { return network.lost; } }));
}
