import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Meta, metaSchema } from '@parley/kernel/meta.js';
import { CommandSender } from '@parley/platform/cqrs/command-sender.js';
import { TenantUnknown } from '@parley/platform/graphql-kit/audited-tenants.js';
import { type Arrival, callOf, type CallerIdentity } from '@parley/platform/graphql-kit/call.js';
import { CurrentCaller } from '@parley/platform/graphql-kit/caller.js';
import { May } from '@parley/platform/graphql-kit/permissions.js';
import { logger } from '@parley/platform/telemetry/logger.js';
import { Body, Controller, createParamDecorator, type ExecutionContext, Get, HttpCode, Post, Res } from '@nestjs/common';
import type { Response } from 'express';
import { BundleExport } from '../chain/bundle-export.js';
import { ChainReads } from '../chain/chain-reads.js';
import { TableCheck } from '../chain/table-check.js';
import { ExportHistory } from '../domain/history-export.commands.js';
import { HistoryInput } from './evidence.inputs.js';

const CurrentArrival = createParamDecorator((_: unknown, context: ExecutionContext): Arrival => callOf(context).arrival);
const log = logger('audit');

/** What proves that a tenant's history is as it was recorded: JSON lines, as long as it takes. */
@May('audit:export')
@Controller('audit')
export class EvidenceController {
  constructor(private readonly commands: CommandSender, private readonly bundle: BundleExport, private readonly check: TableCheck, private readonly reads: ChainReads) {}

  /** The whole history as a bundle (docs/audit-bundle.md). That it was taken is itself recorded, in it. */
  @Post('exports')
  async export(@CurrentCaller() caller: CallerIdentity, @CurrentArrival() arrival: Arrival, @Body() input: HistoryInput, @Res() response: Response): Promise<void> {
    const tenantId = await this.tenantOf(caller, input);
    const exportId = arrival.newId();
    const afterFacts = (await this.reads.end(tenantId))?.facts ?? 0;
    const { stream } = await this.commands.send(new ExportHistory({ exportId }, metaOf(caller, arrival, tenantId)));
    const head = await this.bundle.close({ tenantId, exportId, stream, afterFacts });
    response.set('content-disposition', `attachment; filename="parley-${tenantId}-${exportId}.jsonl"`);
    await answer(response, this.bundle.text({ tenantId, exportId }, head));
  }

  /** Compares the log with its chain and with what was signed. The last line is the report. */
  @Post('verifications')
  @HttpCode(200)
  async verify(@CurrentCaller() caller: CallerIdentity, @Body() input: HistoryInput, @Res() response: Response): Promise<void> {
    const tenantId = await this.tenantOf(caller, input);
    await answer(response, lines(this.check.run(tenantId)));
  }

  /** The public halves of the keys that sign: whoever compares them by another way need not trust a bundle for them. */
  @Get('keys')
  async keys(): Promise<{ keys: { keyId: string; pem: string }[] }> {
    const keys = await this.reads.keys();
    return { keys: [...keys].map(([keyId, key]) => ({ keyId, pem: key.export({ type: 'spki', format: 'pem' }).toString() })) };
  }

  private async tenantOf(caller: CallerIdentity, { tenantId }: HistoryInput): Promise<string> {
    const wanted = tenantId?.toLowerCase() ?? caller.tenantId;
    if (wanted === caller.tenantId) return wanted;
    if (caller.role !== 'platform-admin' || !(await this.reads.end(wanted))) throw new TenantUnknown();
    return wanted;
  }
}

/** The fact is the tenant's whose history it is, whoever takes it. */
const metaOf = ({ personId, role }: CallerIdentity, { correlationId, traceparent, now, newId }: Arrival, tenantId: string): Meta =>
  metaSchema.parse({ tenantId, actor: { kind: 'person', id: personId, role }, now: now.toISOString(), commandId: newId(), correlationId, ...(traceparent && { traceparent }) });

async function* lines(steps: AsyncIterable<object>): AsyncGenerator<string, void> {
  for await (const step of steps) yield `${JSON.stringify(step)}\n`;
}

/** Cut off in the middle, the connection is cut too: what came does not look whole. */
async function answer(response: Response, text: AsyncGenerator<string, void>): Promise<void> {
  response.set({ 'content-type': 'application/x-ndjson; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
  await pipeline(Readable.from(text), response).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') log.error('audit-answer.failed', { error }); // else: the client went away
  });
}
