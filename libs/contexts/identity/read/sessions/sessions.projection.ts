import { defineProjection } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { SessionEnded, type SessionEvent, SessionStarted } from '../../domain/session.events.js';

/** One row for each session: whose it is, and whether it has ended. */
@Entity({ schema: 'identity', name: 'sessions' })
export class SessionRow extends TenantRow {
  @PrimaryColumn('uuid') sessionId: string;
  @Column('uuid') personId: string;
  @Column('text') role: string;
  @Column('timestamptz') startedAt: Date;
  @Column('timestamptz') expiresAt: Date;
  @Column('timestamptz', { nullable: true }) endedAt: Date | null;
  @Column('text', { nullable: true }) endReason: string | null;
}

const key = ({ data }: { data: { sessionId: string } }) => ({ sessionId: data.sessionId });

export const sessions = defineProjection<SessionRow, 'sessionId', SessionEvent>({
  name: 'identity.sessions',
  version: 1,
  row: SessionRow,
  events: { SessionStarted, SessionEnded },
  on: {
    SessionStarted: {
      key,
      evolve: (_, { data: { personId, role, startedAt, expiresAt } }) => ({
        personId,
        role,
        startedAt: new Date(startedAt),
        expiresAt: new Date(expiresAt),
        endedAt: null,
        endReason: null,
      }),
    },
    SessionEnded: { key, evolve: (row, { data }) => row && { ...row, endedAt: new Date(data.endedAt), endReason: data.reason } },
  },
});
