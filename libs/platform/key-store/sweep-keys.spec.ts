import { connectClient } from '../postgres/connect.js';
import { newDatabase } from '../testing/database.js';
import { sweepKeys, SweepNotAllowed } from './sweep-keys.js';

/** An owner who is no superuser, as most are on a server that others run too. */
async function owned() {
  const url = new URL(await newDatabase());
  const role = `owner_${crypto.randomUUID().replaceAll('-', '')}`;
  const admin = await connectClient(url.href);
  await admin.query(`create role ${role} login password 'spec'; create schema parley authorization ${role}; set role ${role}; create table parley.person_keys (wrapped bytea); reset role`);
  const file = async () => (await admin.query<{ file: number }>("select pg_relation_filenode('parley.person_keys') as file")).rows[0]!.file;
  const grant = () => admin.query(`grant pg_checkpoint, pg_monitor to ${role}; grant execute on function pg_switch_wal() to ${role}`);
  const close = async () => {
    await admin.query(`drop owned by ${role}; drop role ${role}`);
    await admin.end();
  };
  url.username = role;
  url.password = 'spec';
  return { url: url.href, file, grant, close };
}

describe('the sweep of destroyed keys', () => {
  it('says what the owner may not do, having written the table anew; and does it where that was granted', async () => {
    const { url, file, grant, close } = await owned();
    const before = await file();
    await expect(sweepKeys(url)).rejects.toThrow(SweepNotAllowed);
    expect(await file()).not.toBe(before);
    await grant();
    expect(await sweepKeys(url)).toEqual({ at: expect.any(Date) as Date, heldFiles: 0 });
    await close();
  });
});
