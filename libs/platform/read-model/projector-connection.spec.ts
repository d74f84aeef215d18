import { createServer } from 'node:net';
import { ProjectorConnection } from './projector-connection.js';

/** Hangs up on whoever comes, as a server does that is starting. */
const unready = async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port, close: () => server.close() };
};

describe('the connection of a projector', () => {
  it('tells whoever asks that the database cannot be reached, each time anew, and leaves no rejection to nobody', async () => {
    const server = await unready();
    const connection = new ProjectorConnection(`postgres://127.0.0.1:${server.port}/spec`);
    const left: unknown[] = [];
    const leave = (reason: unknown) => void left.push(reason);
    process.on('unhandledRejection', leave);
    for (let tries = 0; tries < 3; tries++) await expect(connection.get()).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off('unhandledRejection', leave);
    server.close();
    expect(left).toEqual([]);
  });
});
