import { ErasedList, erasedFile } from '@parley/platform/key-store/erased-list.js';
import type { KeyOwner } from '@parley/platform/key-store/key-store.js';
import type { Databases } from '@parley/platform/postgres/databases.js';
import { standaloneConfig } from '@parley/platform/standalone/standalone-config.js';
import type { Report } from './report.js';

const nameOf = ({ tenantId, subjectId }: KeyOwner) => `${tenantId}.${subjectId}`;

/** Whether all who were erased stand in the file outside the database: an older backup would bring back those who do not. */
export async function lookAtErased(report: Report, { writer }: Databases): Promise<void> {
  const { rows } = await writer.query<KeyOwner>(`select tenant_id as "tenantId", subject_id as "subjectId" from parley.person_keys where destroyed_at is not null`);
  if (rows.length === 0) return;
  const file = erasedFile(standaloneConfig.read().PARLEY_DATA_DIR)!;
  const noted = await namesIn(file);
  const missing = rows.filter((each) => !noted?.has(nameOf(each))).length;
  if (missing === 0) return report.ok('erasure', `All ${rows.length} who were erased are noted in ${file}.`);
  report.wrong(
    'erasure',
    `${missing} of ${rows.length} who were erased are not noted in ${noted ? file : `${file}, which is not there`}: a backup from before would bring them back.`,
    'Set PARLEY_ERASED_FILE to the file that Parley (in parts: its command side) writes, and keep it apart from the backups. Where it was lost, make a new backup and destroy those from before.',
  );
}

async function namesIn(file: string): Promise<ReadonlySet<string> | undefined> {
  const names = new Set<string>();
  try {
    for await (const owner of new ErasedList(file).read()) names.add(nameOf(owner));
    return names;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
