import { createServer } from 'node:net';
import { CannotStart } from '@parley/platform/running/run-app.js';

/**
 * Takes the port before anything else is started, so that a second Parley says so at once.
 *
 * @param variables what the variables of host and port begin with
 * @returns gives it up again, just before the server listens
 * @throws CannotStart
 */
export async function takePort(host: string, port: number, variables = 'PARLEY_GATEWAY'): Promise<() => Promise<void>> {
  const holder = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    holder.once('error', ({ code }: NodeJS.ErrnoException) => reject(new CannotStart(said(code, host, port, variables))));
    holder.listen(port, host, resolve);
  });
  return () => new Promise((resolve) => holder.close(() => resolve()));
}

function said(code: string | undefined, host: string, port: number, variables: string): string {
  if (code === 'EADDRINUSE') return `port ${port} is taken by another program: stop it, or set ${variables}_PORT to a free one.`;
  if (code === 'EACCES') return `port ${port} may not be opened by this user: set ${variables}_PORT to one above 1023.`;
  return `nothing can listen on ${host}:${port} (${code}): check ${variables}_HOST and ${variables}_PORT.`;
}
