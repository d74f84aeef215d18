import { Module } from '@nestjs/common';
import { AgentPrompts } from './agent-prompts.js';

/** Agents as inference sees them: for the command side and for the runtime. */
@Module({ providers: [AgentPrompts], exports: [AgentPrompts] })
export class InferenceAgentsModule {}
