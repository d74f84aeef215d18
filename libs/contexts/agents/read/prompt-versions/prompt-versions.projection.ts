import type { EventOf } from '@parley/kernel/event.js';
import { defineProjection } from '@parley/kernel/projection.js';
import { TenantRow } from '@parley/platform/read-model/tenant-row.js';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PromptVersionActivated, PromptVersionDrafted } from '../../domain/agent.events.js';

/** One row for each version of an agent's prompt. Which one is active, the agent's row says. */
@Entity({ schema: 'agents', name: 'prompt_versions' })
export class PromptVersionRow extends TenantRow {
  @PrimaryColumn('uuid') agentId: string;
  @PrimaryColumn('int') version: number;
  @Column('text') provider: string;
  @Column('text') model: string;
  @Column('text') instructions: string;
  @Column('double precision', { nullable: true }) temperature: number | null;
  @Column('int', { nullable: true }) maxOutputTokens: number | null;
  @Column('uuid') draftedBy: string;
  @Column('timestamptz') draftedAt: Date;
  /** Place in the agent's stream: by it, whoever drafted the version finds it. */
  @Column('bigint') draftedRevision: bigint;
  /** The last time; null: never. */
  @Column('timestamptz', { nullable: true }) activatedAt: Date | null;
}

const key = ({ data: { agentId, version } }: { data: { agentId: string; version: number } }) => ({ agentId, version });

export const promptVersions = defineProjection<
  PromptVersionRow,
  'agentId' | 'version',
  EventOf<typeof PromptVersionDrafted | typeof PromptVersionActivated>
>({
  name: 'agents.prompt_versions',
  version: 1,
  row: PromptVersionRow,
  events: { PromptVersionDrafted, PromptVersionActivated },
  on: {
    PromptVersionDrafted: {
      key,
      evolve: (_, { data: { provider, model, instructions, temperature, maxOutputTokens, draftedBy, draftedAt }, revision }) => ({
        provider,
        model,
        instructions,
        temperature,
        maxOutputTokens,
        draftedBy,
        draftedAt: new Date(draftedAt),
        draftedRevision: revision,
        activatedAt: null,
      }),
    },
    PromptVersionActivated: { key, evolve: (row, { data }) => row && { ...row, activatedAt: new Date(data.activatedAt) } },
  },
});
