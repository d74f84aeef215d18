import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { specFor } from '@parley/platform/testing/spec-for.js';
import { ROLES } from '@parley/kernel/meta.js';
import { ExportHistory } from './history-export.commands.js';
import { HistoryExported } from './history-export.events.js';
import { EXPORTERS, historyExport, HistoryNotYours } from './history-export.js';

const given = specFor(historyExport);
const exportId = '0190a000-0000-7000-8000-0000000000e1';

const exported = HistoryExported({ exportId, exportedBy: personId, exportedAt: now });
const take = (role = meta.actor.role) => new ExportHistory({ exportId }, { ...meta, actor: { ...meta.actor, role } });

describe('an export of the history', () => {
  it.each([...EXPORTERS])('is recorded, for %s', (role) => given().when(take(role)).then(exported));
  it('is recorded once', () => given(exported).when(take()).thenNothing());
  it.each(ROLES.filter((role) => !EXPORTERS.includes(role)))('is refused to %s', (role) => given().when(take(role)).thenRefuses(HistoryNotYours));
});
