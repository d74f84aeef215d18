import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ErasedList, ListedKeyStore } from './erased-list.js';
import { keyStoreContract } from './key-store.contract.js';
import { type KeyOwner } from './key-store.js';
import { MemoryKeyStore } from './memory.key-store.js';

const folder = mkdtempSync(join(tmpdir(), 'parley-erased-'));
afterAll(() => rmSync(folder, { recursive: true }));

const memory = new MemoryKeyStore();
keyStoreContract('listed', async () => new ListedKeyStore(memory, new ErasedList(join(folder, 'contract.jsonl'))));

let path: string;
let list: ErasedList;
beforeEach(() => {
  path = join(folder, crypto.randomUUID(), 'erased.jsonl');
  list = new ErasedList(path);
});

const owner = (): KeyOwner => ({ tenantId: crypto.randomUUID(), subjectId: crypto.randomUUID() });
const at = new Date('2026-01-31T12:00:00Z');
async function read(): Promise<readonly KeyOwner[]> {
  const owners: KeyOwner[] = [];
  for await (const each of list.read()) owners.push(each);
  return owners;
}

describe('the list of who was erased', () => {
  it('holds each of them, by ids alone', async () => {
    const [ada, bob] = [owner(), owner()];
    await list.add(ada, at);
    await list.add(bob, at);
    expect(await read()).toEqual([ada, bob]);
    expect(readFileSync(path, 'utf8').split('\n')[0]).toBe(JSON.stringify({ tenantId: ada.tenantId, personId: ada.subjectId, erasedAt: at.toISOString() }));
  });

  it('goes on after half a line, which it passes over', async () => {
    const [ada, bob] = [owner(), owner()];
    await list.add(ada, at);
    appendFileSync(path, '{"tenantId":"0190');
    await list.add(bob, at);
    expect(await read()).toEqual([ada, bob]);
  });

  it('loses none where several write at once', async () => {
    const owners = Array.from({ length: 50 }, owner);
    await list.add(owners[0]!, at);
    await Promise.all(owners.slice(1).map((each) => new ErasedList(path).add(each, at)));
    expect(new Set((await read()).map(({ subjectId }) => subjectId))).toEqual(new Set(owners.map(({ subjectId }) => subjectId)));
  });

  it('that cannot be written fails the erasure, whose key is gone all the same: it is asked for again', async () => {
    const keys = new MemoryKeyStore();
    const ada = owner();
    await keys.obtain(ada);
    await expect(new ListedKeyStore(keys, new ErasedList('/dev/full')).destroy(ada)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await keys.find([ada])).toEqual([undefined]);
  });
});
