import type { EventOf } from '@parley/kernel/event.js';
import { defineProjection } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { AgentArchived, AgentCreated, AgentRenamed, PromptVersionActivated, PromptVersionDrafted } from '../../domain/agent.events.js';

/** One row for each agent: who it is, and which version of its prompt it speaks by. */
@Entity({ schema: 'agents', name: 'agents' })
@Index(['tenantId', 'createdAt', 'agentId'])
export class AgentRow extends TenantRow {
  @PrimaryColumn('uuid') agentId: string;
  @Column('text') name: string;
  @Column('int') activeVersion: number;
  @Column('int') latestVersion: number;
  @Column('uuid') createdBy: string;
  @Column('timestamptz') createdAt: Date;
  @Column('timestamptz', { nullable: true }) archivedAt: Date | null;
}

type AgentFact = EventOf<
  typeof AgentCreated | typeof AgentRenamed | typeof AgentArchived | typeof PromptVersionDrafted | typeof PromptVersionActivated
>;

const key = ({ data }: { data: { agentId: string } }) => ({ agentId: data.agentId });

export const agents = defineProjection<AgentRow, 'agentId', AgentFact>({
  name: 'agents.agents',
  version: 1,
  row: AgentRow,
  events: { AgentCreated, AgentRenamed, AgentArchived, PromptVersionDrafted, PromptVersionActivated },
  on: {
    AgentCreated: {
      key,
      evolve: (_, { data: { name, createdBy, createdAt } }) => ({
        name,
        activeVersion: 0,
        latestVersion: 0,
        createdBy,
        createdAt: new Date(createdAt),
        archivedAt: null,
      }),
    },
    AgentRenamed: { key, evolve: (row, { data }) => row && { ...row, name: data.name } },
    AgentArchived: { key, evolve: (row, { data }) => row && { ...row, archivedAt: new Date(data.archivedAt) } },
    PromptVersionDrafted: { key, evolve: (row, { data }) => row && { ...row, latestVersion: data.version } },
    PromptVersionActivated: { key, evolve: (row, { data }) => row && { ...row, activeVersion: data.version } },
  },
});
