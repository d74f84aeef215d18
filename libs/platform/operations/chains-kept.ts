import { linkOf, START } from '#parley-verify';
import type { Pool } from 'pg';
import type { StoredFact } from '../event-store/event-store.js';

interface KeptChain {
  readonly tenantId: string;
  readonly facts: number;
  readonly link: string;
}

/** Folds a log into its tenants' chains, and compares them with those that were kept: a log that was copied must give the same links. */
export class ChainsKept {
  private readonly chains = new Map<string, { number: number; link: string }>();
  private readonly kept: ReadonlyMap<string, KeptChain>;
  private readonly wrong: string[] = [];
  private same = 0;

  private constructor(kept: readonly KeptChain[]) {
    this.kept = new Map(kept.map((each) => [each.tenantId, each]));
  }

  /** @param writer a pool of the writer's role. Where nothing was chained yet, nothing is compared */
  static async of(writer: Pool): Promise<ChainsKept> {
    const { rows: [table] } = await writer.query<{ there: boolean }>("select to_regclass('audit.chains') is not null as there");
    if (!table?.there) return new ChainsKept([]);
    const { rows } = await writer.query<KeptChain>('select tenant_id as "tenantId", facts::int as facts, link from audit.chains where facts > 0');
    return new ChainsKept(rows);
  }

  /** The next fact of the log. */
  take({ tenantId, eventId, stream, revision, type, recordedAt, meta, data }: StoredFact): void {
    const chain = this.chains.get(tenantId) ?? { number: 0, link: START };
    chain.number += 1;
    chain.link = linkOf(chain.link, tenantId, chain.number, { eventId, stream, revision: Number(revision), type, recordedAt: recordedAt.toISOString(), meta, data });
    this.chains.set(tenantId, chain);
    const kept = this.kept.get(tenantId);
    if (kept?.facts !== chain.number) return;
    if (kept.link === chain.link) this.same += 1;
    else this.wrong.push(tenantId);
  }

  /** @returns how many tenants' chains are the same, and the tenants whose are not, or are cut short */
  report(): { readonly same: number; readonly wrong: readonly string[] } {
    const short = [...this.kept.values()].filter(({ tenantId, facts }) => (this.chains.get(tenantId)?.number ?? 0) < facts).map(({ tenantId }) => tenantId);
    return { same: this.same, wrong: [...this.wrong, ...short] };
  }
}
