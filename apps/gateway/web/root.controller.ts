import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OWN_FOLDER } from '@parley/platform/config/own-folder.js';
import { Public } from '@parley/platform/graphql-kit/caller.js';
import { GatewaySettings } from '@parley/platform/graphql-kit/gateway.config.js';
import { NotFound } from '@parley/platform/graphql-kit/refusals.js';
import { schemaText } from '@parley/platform/graphql-kit/schema.js';
import { HealthChecks } from '@parley/platform/health/health-checks.js';
import { Controller, Get, Header } from '@nestjs/common';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { rootPage, STYLE } from './root-page.js';

/** `/` and what it links to, besides the explorer and health. */
@Public()
@Controller()
export class RootController {
  /** An image may have none. */
  private readonly readme = join(OWN_FOLDER, 'README.md');

  constructor(
    private readonly health: HealthChecks,
    private readonly settings: GatewaySettings,
    private readonly schemaHost: GraphQLSchemaHost,
  ) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'no-store')
  async root(): Promise<string> {
    const { isExplorerShown, isSchemaShown } = this.settings.values;
    return rootPage({ health: await this.health.report(), isExplorerShown, isSchemaShown, hasReadme: existsSync(this.readme) });
  }

  @Get('page.css')
  @Header('content-type', 'text/css; charset=utf-8')
  style(): string {
    return STYLE;
  }

  @Get('schema.graphql')
  @Header('content-type', 'text/plain; charset=utf-8')
  schema(): string {
    if (!this.settings.values.isSchemaShown) throw new NotFound();
    return schemaText(this.schemaHost.schema);
  }

  @Get('README.md')
  @Header('content-type', 'text/plain; charset=utf-8')
  readmeText(): string {
    if (!existsSync(this.readme)) throw new NotFound();
    return readFileSync(this.readme, 'utf8');
  }
}
