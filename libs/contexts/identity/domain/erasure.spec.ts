import type { Role } from '@parley/kernel/meta.js';
import { meta, now, personId } from '@parley/platform/testing/meta.js';
import { specFor } from '@parley/platform/testing/spec-for.js';
import { ConfirmErasure, RequestErasure } from './erasure.commands.js';
import { ErasureRequested, PersonErased } from './erasure.events.js';
import { erasure, ErasureNotAllowed, ErasureNotRequested } from './erasure.js';

const given = specFor(erasure);
const someoneElse = '0190a000-0000-7000-8000-0000000000ee';
const sealed = { count: 3, digest: 'ab'.repeat(32) };

const by = (role: Role, id = personId) => ({ ...meta, actor: { kind: 'person', id, role } as const });
const request = (of = personId, asking = by('member')) => new RequestErasure({ personId: of }, asking);
const confirm = () => new ConfirmErasure({ personId, sealed }, meta);

const requested = ErasureRequested({ personId, requestedBy: personId, requestedAt: now });
const erased = PersonErased({ personId, requestedBy: personId, requestedAt: now, erasedAt: now, sealed });

describe('an erasure', () => {
  it('is asked for by the person themself, whatever their role', () => given().when(request()).then(requested));

  it.each(['tenant-owner', 'platform-admin'] as const)('is asked for by a %s, for anybody of the tenant', (role) =>
    given().when(request(someoneElse, by(role))).then(ErasureRequested({ ...requested.data, personId: someoneElse })));

  it.each(['tenant-admin', 'member', 'analyst', 'auditor'] as const)('is refused to a %s, for another', (role) =>
    given().when(request(someoneElse, by(role))).thenRefuses(ErasureNotAllowed));

  it('is refused for another also where they were erased before', () =>
    given(requested, erased).when(request(personId, by('member', someoneElse))).thenRefuses(ErasureNotAllowed));

  it('is asked for once', () => given(requested).when(request()).thenNothing());
  it('is confirmed when it is done, with who asked for it and when', () => given(requested).when(confirm()).then(erased));
  it('is confirmed once', () => given(requested, erased).when(confirm()).thenNothing());
  it('is not begun again after it is done', () => given(requested, erased).when(request()).thenNothing());
  it('is not confirmed where nobody asked for it', () => given().when(confirm()).thenRefuses(ErasureNotRequested));
  it('takes no digest that is none', () => expect(() => new ConfirmErasure({ personId, sealed: { count: 0, digest: 'none' } }, meta)).toThrow());
});
