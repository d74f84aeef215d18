import { createServer } from 'node:net';

/** Another program listens where we would. One sentence. */
export class PortTaken extends Error {}

/**
 * Takes the port before anything else is started, so that a second Parley says so at once.
 *
 * @returns gives it up again, just before the gateway listens
 * @throws PortTaken
 */
export async function takePort(host: string, port: number): Promise<() => Promise<void>> {
  const holder = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    holder.once('error', ({ code }: NodeJS.ErrnoException) => reject(new PortTaken(said(code, host, port))));
    holder.listen(port, host, resolve);
  });
  return () => new Promise((resolve) => holder.close(() => resolve()));
}

function said(code: string | undefined, host: string, port: number): string {
  if (code === 'EADDRINUSE') return `port ${port} is taken by another program: stop it, or set PARLEY_GATEWAY_PORT to a free one.`;
  if (code === 'EACCES') return `port ${port} may not be opened by this user: set PARLEY_GATEWAY_PORT to one above 1023.`;
  return `nothing can listen on ${host}:${port} (${code}): check PARLEY_GATEWAY_HOST and PARLEY_GATEWAY_PORT.`;
}
