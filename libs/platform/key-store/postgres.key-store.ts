import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Pool } from 'pg';
import { writeSideTable } from '../postgres/write-side-table.js';
import { type Random, SystemRandom } from '../random/random.js';
import { type KeyOwner, KeyDestroyed, KeyStore } from './key-store.js';
import type { MasterKey } from './master-key.js';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A destroyed key leaves its row, without the key: nobody can be given a new one in its place. */
export const personKeysTable = writeSideTable({
  name: 'parley.person_keys',
  tenant: true,
  // subject_id is text: what stands in a token that was tampered with must be not found, not refused by a type.
  columns: 'subject_id text not null, wrapped bytea, master_key text not null, made_at timestamptz not null default now(), destroyed_at timestamptz, check ((wrapped is null) = (destroyed_at is not null))',
  primaryKey: ['subject_id'],
});

interface Row {
  readonly wrapped: Buffer | null;
  readonly master_key: string;
}

/** The keys were wrapped by another master key than the one we were given. */
export class WrongMasterKey extends Error {
  constructor() {
    super('The personal data of this database was sealed under another master key: check PARLEY_MASTER_KEY, PARLEY_MASTER_KEY_FILE or the data folder.');
    this.name = 'WrongMasterKey';
  }
}

/** Keys in a table, each wrapped by the master key for its owner alone: a row copied to another owner opens nothing. */
export class PostgresKeyStore extends KeyStore {
  /** @param writer a pool of the writer's role */
  constructor(private readonly writer: Pool, private readonly masterKey: MasterKey, private readonly random: Random = new SystemRandom()) {
    super();
  }

  async obtain(owner: KeyOwner): Promise<Buffer> {
    const [row] = await this.rows([owner]);
    if (row) return this.unwrapOrThrow(owner, row);
    const insert = `
insert into parley.person_keys (tenant_id, subject_id, wrapped, master_key) values ($1, $2, $3, $4)
on conflict (tenant_id, subject_id) do nothing`;
    await this.writer.query({ name: 'make_person_key', text: insert, values: [owner.tenantId, owner.subjectId, this.wrap(owner), this.masterKey.fingerprint] });
    const [made] = await this.rows([owner]); // read again: another may have been first
    return this.unwrapOrThrow(owner, made!);
  }

  async find(owners: readonly KeyOwner[]): Promise<readonly (Buffer | undefined)[]> {
    const rows = await this.rows(owners);
    return owners.map((owner, index) => {
      const row = rows[index];
      return row?.wrapped ? this.unwrap(owner, row.wrapped, row.master_key) : undefined;
    });
  }

  async destroy({ tenantId, subjectId }: KeyOwner): Promise<void> {
    const text = `
insert into parley.person_keys (tenant_id, subject_id, wrapped, master_key, destroyed_at) values ($1, $2, null, $3, now())
on conflict (tenant_id, subject_id) do update set wrapped = null, destroyed_at = coalesce(person_keys.destroyed_at, now())`;
    await this.writer.query({ name: 'destroy_person_key', text, values: [tenantId, subjectId, this.masterKey.fingerprint] });
  }

  /** In the order asked. */
  private async rows(owners: readonly KeyOwner[]): Promise<readonly (Row | undefined)[]> {
    const text = `
select o.place::int as place, k.wrapped, k.master_key
from unnest($1::uuid[], $2::text[]) with ordinality as o(tenant_id, subject_id, place)
join parley.person_keys k on k.tenant_id = o.tenant_id and k.subject_id = o.subject_id`;
    const values = [owners.map(({ tenantId }) => tenantId), owners.map(({ subjectId }) => subjectId)];
    const { rows } = await this.writer.query<Row & { place: number }>({ name: 'person_keys', text, values });
    const ordered: Row[] = [];
    for (const row of rows) ordered[row.place - 1] = row;
    return ordered;
  }

  private unwrapOrThrow(owner: KeyOwner, { wrapped, master_key }: Row): Buffer {
    if (!wrapped) throw new KeyDestroyed(owner);
    return this.unwrap(owner, wrapped, master_key);
  }

  private wrap(owner: KeyOwner): Buffer {
    const nonce = this.random.bytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.masterKey.bytes, nonce, { authTagLength: TAG_BYTES }).setAAD(bindingOf(owner));
    return Buffer.concat([nonce, cipher.update(this.random.bytes(KEY_BYTES)), cipher.final(), cipher.getAuthTag()]);
  }

  private unwrap(owner: KeyOwner, wrapped: Buffer, fingerprint: string): Buffer {
    if (fingerprint !== this.masterKey.fingerprint) throw new WrongMasterKey();
    const decipher = createDecipheriv(ALGORITHM, this.masterKey.bytes, wrapped.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(bindingOf(owner)).setAuthTag(wrapped.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(wrapped.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  }
}

const bindingOf = ({ tenantId, subjectId }: KeyOwner) => Buffer.from(`${tenantId}|${subjectId}`);
