import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { readFollowers } from './followers.js';

const LOOK_MS = 250;

/** So long nothing may have moved. */
const STILL_MS = 1_500;

/**
 * Waits until a run has come to rest: no reply is open, all who follow the log are at its end, and nothing comes any more. What is not so
 * in time is left for the checks to find.
 */
export async function rest(database: Client, withinMs: number): Promise<void> {
  let [head, since] = [-1n, Date.now()];
  for (const until = Date.now() + withinMs; Date.now() < until; await delay(LOOK_MS)) {
    const followers = await readFollowers(database);
    if (followers.head !== head) [head, since] = [followers.head, Date.now()];
    const isSettled = followers.places.every(({ position }) => position === head) && (await openReplies(database)) === 0;
    if (isSettled && Date.now() - since >= STILL_MS) return;
  }
}

async function openReplies(database: Client): Promise<number> {
  const { rows } = await database.query<{ open: number }>(`
    with told as (select type, data::jsonb->>'replyId' as reply from parley.events where type in ('MessageSent', 'RegenerationRequested', 'ReplyRecorded'))
    select (count(*) filter (where type <> 'ReplyRecorded') - count(*) filter (where type = 'ReplyRecorded'))::int as open from told`);
  return rows[0]!.open;
}
