import { AgentsProjectionModule } from '@parley/agents/read/agents-projection.module.js';
import { ChatProjectionModule } from '@parley/chat/read/chat-projection.module.js';
import { IdentityProjectionModule } from '@parley/identity/read/identity-projection.module.js';
import type { Projection } from '@parley/kernel/projection.js';
import { TenancyProjectionModule } from '@parley/tenancy/read/tenancy-projection.module.js';
import { UsageProjectionModule } from '@parley/usage/read/usage-projection.module.js';

const MODULES: readonly { readonly projections: readonly Projection[] }[] = [
  AgentsProjectionModule,
  ChatProjectionModule,
  IdentityProjectionModule,
  TenancyProjectionModule,
  UsageProjectionModule,
];

/** Every read model of this release. */
export const readModels: readonly Projection[] = MODULES.flatMap(({ projections }) => projections);
