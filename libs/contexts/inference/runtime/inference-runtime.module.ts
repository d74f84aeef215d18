import { Module } from '@nestjs/common';
import { InferenceAgentsModule } from '../write/inference-agents.module.js';
import { GenerationCommands } from './generation-commands.js';
import { GenerationRunner } from './generation-runner.js';
import { GenerationStreams } from './generation-streams.js';
import { leasesTable } from './leases.schema.js';
import { Leases } from './leases.js';
import { PromptAssembly } from './prompt-assembly.js';
import { readRuntimeSettings, RuntimeSettings } from './runtime.config.js';
import { RuntimeTelemetry } from './runtime-telemetry.js';
import { RuntimeWorker } from './worker.js';

/** Makes the replies. It needs the providers, live chunks, the command side, the event log and ReactorsModule. */
@Module({
  imports: [InferenceAgentsModule],
  providers: [
    { provide: RuntimeSettings, useFactory: readRuntimeSettings },
    Leases,
    GenerationStreams,
    GenerationCommands,
    PromptAssembly,
    GenerationRunner,
    RuntimeTelemetry,
    RuntimeWorker,
  ],
})
export class InferenceRuntimeModule {
  static readonly tables = [leasesTable];
}
