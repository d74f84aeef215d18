import { CommandHandling } from '@parley/platform/cqrs/command-handling.js';
import type { Receipt } from '@parley/platform/cqrs/command-sender.js';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { CreateTenant } from '../domain/tenant.commands.js';
import { tenant } from '../domain/tenant.js';
import { Slugs } from './slugs.js';

/** The name first, then the fact. Stopped in between, the repeat finds the name reserved for this tenant, and goes on. */
@CommandHandler(CreateTenant)
export class CreateTenantHandler implements ICommandHandler<CreateTenant> {
  constructor(private readonly slugs: Slugs, private readonly handling: CommandHandling) {}

  /** @throws SlugTaken, TenantAlreadyCreated */
  execute(command: CreateTenant): Promise<Receipt> {
    const { slug, tenantId } = command.data;
    return this.handling.handle(tenant, command, { check: () => this.slugs.reserve(slug, tenantId) });
  }
}
