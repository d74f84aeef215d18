import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** A file for each port that was given out, with the process in it that asked: what it starts there may be away for a while, and come back. */
const claims = join(tmpdir(), `parley-ports-${userInfo().username}`);

/**
 * A port of loopback that nobody listens on, and that nobody else is given for as long as this process lives. Not one of those that systems give to outgoing
 * connections (Linux: from 32768): between our look and the server's start a program that connects somewhere could be given it.
 * @returns {Promise<number>}
 */
export async function freePort() {
  mkdirSync(claims, { recursive: true });
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (isClaimed(port) && (await isFree(port))) return port;
  }
}

/** Whether it is ours now. @param {number} port @returns {boolean} */
function isClaimed(port) {
  const claim = join(claims, `${port}`);
  if (isAlive(holderOf(claim))) return false;
  rmSync(claim, { force: true });
  try {
    writeFileSync(claim, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch {
    return false; // another was quicker
  }
}

/** @param {string} claim @returns {number | undefined} */
function holderOf(claim) {
  try {
    return Number(readFileSync(claim, 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param {number | undefined} pid @returns {boolean} */
function isAlive(pid) {
  if (!pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** @param {number} port @returns {Promise<boolean>} */
const isFree = (port) =>
  new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false)).listen(port, '127.0.0.1', () => void probe.close(() => resolve(true)));
  });
