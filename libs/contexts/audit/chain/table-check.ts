import { Chain, type Finding, HeadsCheck, nameOf, type Report, type SignedHead } from '#parley-verify';
import { EventStore, type StoredFact } from '@parley/platform/event-store/event-store.js';
import { Injectable } from '@nestjs/common';
import { contentOf } from './chained-fact.js';
import { type ChainEndRow, ChainReads, type HeadRow, type LinkRow } from './chain-reads.js';
import { Cursor } from './cursor.js';
import { tenantFacts } from './tenant-facts.js';

const AT_ONCE = 1_000;
const MOST_FINDINGS = 20;
const STREAMS_AT_ONCE = 8;

/** What is told while a table is checked. Heads come along so that whoever asked can compare them with what was kept outside. */
export type CheckStep =
  | { readonly kind: 'progress'; readonly facts: number }
  | ({ readonly kind: 'head'; readonly head: number } & SignedHead)
  | ({ readonly kind: 'report'; readonly unsigned: number; readonly unchained: number } & Report);

/** Compares the log of a running store with the chain, fact by fact, and the chain with what was signed. */
@Injectable()
export class TableCheck {
  constructor(private readonly store: EventStore, private readonly reads: ChainReads) {}

  /** Up to where the chain is when it begins; what comes meanwhile is not its matter. */
  async *run(tenantId: string): AsyncGenerator<CheckStep, void> {
    const [through, heads] = [await this.reads.chainedThrough(), await this.reads.lastHead(tenantId)];
    const end = await this.reads.end(tenantId); // last: no head that is read signs more than it says
    const walk = new Walk(tenantId, this.store, this.reads, { through, heads, end }, new HeadsCheck(tenantId, { keys: await this.reads.keys() }));
    for (let told = 0; await walk.step(); ) {
      yield* walk.heads.splice(0);
      if (walk.chain.number >= told + AT_ONCE) yield { kind: 'progress', facts: (told = walk.chain.number) };
    }
    yield* walk.heads.splice(0);
    await walk.checkStreams();
    yield walk.report();
  }
}

/** How far there is anything to check. */
interface Bounds {
  /** Place in the log: up to it, every fact is chained. */
  readonly through: bigint;
  readonly heads: number;
  readonly end: ChainEndRow | undefined;
}

/** Goes along the links and along the log at once. */
class Walk {
  readonly chain: Chain;
  readonly heads: Extract<CheckStep, { kind: 'head' }>[] = [];
  private readonly findings: Finding[] = [];
  private readonly links: Cursor<LinkRow>;
  private readonly facts: Cursor<StoredFact>;
  private readonly signed: Cursor<HeadRow>;
  /** Facts that were told of as moved: where they stand, or stood, is passed over. */
  private readonly moved = new Set<string>();
  private readonly times: { first: string | null; last: string | null } = { first: null, last: null };
  /** How many facts each stream has by its links. */
  private readonly counts = new Map<string, number>();
  private signedFacts = 0;
  private signedAt: string | null = null;
  private unchained = 0;

  constructor(private readonly tenantId: string, private readonly store: EventStore, private readonly reads: ChainReads, private readonly bounds: Bounds, private readonly check: HeadsCheck) {
    this.chain = new Chain(tenantId);
    this.links = new Cursor(paged(bounds.end?.facts ?? 0, (after, limit) => reads.links(tenantId, after, limit), ({ number }) => number));
    this.signed = new Cursor(paged(bounds.heads, (after, limit) => reads.heads(tenantId, after, limit), ({ head }) => head));
    this.facts = new Cursor(tenantFacts(store, tenantId));
  }

  /** @returns false at the end, or when enough was found */
  async step(): Promise<boolean> {
    if (this.findings.length >= MOST_FINDINGS) return false;
    const [link, fact] = [await this.links.peek(), await this.facts.peek()];
    if (link) await this.atLink(link, fact);
    else if (fact) this.beyond(await this.facts.next());
    await this.close(link === undefined && fact === undefined);
    return link !== undefined || fact !== undefined;
  }

  /** Who reads a stream alone may see what the log does not show: a fact at a position that no reader comes to. */
  async checkStreams(): Promise<void> {
    if (this.findings.length > 0) return; // what was found explains streams that are too long
    const streams = [...this.counts];
    for (let from = 0; from < streams.length; from += STREAMS_AT_ONCE) {
      await Promise.all(
        streams.slice(from, from + STREAMS_AT_ONCE).map(async ([stream, count]) => {
          const [last] = await this.store.readBackwards(stream, { limit: 1 });
          if (last && last.revision >= count && last.position <= this.bounds.through) this.putIn(last);
        }),
      );
    }
  }

  report(): CheckStep {
    this.checkEnd();
    const { chain, check, findings, tenantId } = this;
    return {
      kind: 'report',
      tenantId,
      exportId: null,
      facts: chain.number,
      streams: chain.streams,
      heads: chain.heads,
      firstAt: this.times.first,
      lastAt: this.times.last,
      signedAt: this.signedAt,
      keyIds: [...check.keyIds],
      findings: findings.slice(0, MOST_FINDINGS),
      isAbridged: findings.length >= MOST_FINDINGS,
      unsigned: Math.max(0, chain.number - this.signedFacts),
      unchained: this.unchained,
      notes: [],
    };
  }

  private async atLink(link: LinkRow, fact: StoredFact | undefined): Promise<void> {
    if (link.number !== this.chain.number + 1) {
      this.find('link-missing', `the chain has no link ${this.chain.number + 1}: someone took it away.`);
      this.chain.jump(link.number - 1);
    }
    if (fact && fact.eventId === link.eventId) {
      await this.facts.next();
      return this.take(await this.links.next(), fact);
    }
    if (fact && this.moved.has(fact.eventId)) return void (await this.facts.next());
    if (fact && !(await this.reads.isLinked(this.tenantId, fact.eventId))) return this.beyond(await this.facts.next());
    await this.outOfPlace(link, fact);
  }

  /** The link's fact does not come next in the log: it is gone, or stands elsewhere. */
  private async outOfPlace(link: LinkRow, fact: StoredFact | undefined): Promise<void> {
    const held = await this.store.find(link.stream, link.eventId);
    await this.links.next();
    this.counts.set(link.stream, link.revision + 1);
    if (!held || held.tenantId !== this.tenantId) {
      this.find('missing', `${nameOf(link.number, link)} is ${held ? 'no longer this tenant’s' : 'missing'}.`);
      this.chain.isPatchy = true;
      return this.chain.pass(link, link.hash);
    }
    const isNext = fact && (await this.links.peek())?.eventId === fact.eventId; // only the link's fact left its place
    if (!this.moved.has(link.eventId)) this.find('moved', `${nameOf(link.number, { ...held })} does not stand where it was recorded: it was moved.`);
    this.moved.add(link.eventId);
    if (fact && !isNext) {
      this.moved.add(fact.eventId);
      await this.facts.next();
    }
    this.take(link, held);
  }

  private take(link: LinkRow, fact: StoredFact): void {
    const content = contentOf(fact);
    this.counts.set(link.stream, link.revision + 1);
    this.times.first ??= content.recordedAt;
    this.times.last = content.recordedAt;
    if (!this.chain.take(content, link.hash)) this.find('changed', `${nameOf(link.number, content)} is not what was recorded: it, or its link, was changed.`);
  }

  /** A fact that no link knows: news, or put in. */
  private beyond(fact: StoredFact | undefined): void {
    if (!fact || this.moved.has(fact.eventId)) return;
    if (fact.position > this.bounds.through) this.unchained += 1;
    else this.putIn(fact);
  }

  private putIn({ type, eventId, stream, position }: StoredFact): void {
    this.find('inserted', `${type} ${eventId} of ${stream} (position ${position}) was put in: the chain has passed its place and does not know it.`);
  }

  /** @param isEnd no fact follows: what heads sign beyond this is gone */
  private async close(isEnd: boolean): Promise<void> {
    for (let head = await this.signed.peek(); head && (isEnd || head.facts <= this.chain.number); head = await this.signed.peek()) {
      await this.signed.next();
      const { head: said, findings } = this.check.check(head, this.chain);
      for (const each of findings) this.find(each.code, each.sentence);
      this.heads.push({ kind: 'head', head: head.head, payload: head.payload, signature: head.signature });
      this.signedFacts = said?.facts ?? this.signedFacts;
      this.signedAt = said?.signedAt ?? this.signedAt;
    }
  }

  private checkEnd(): void {
    const { end } = this.bounds;
    if (this.findings.length >= MOST_FINDINGS || (end?.facts ?? 0) < this.chain.number) return;
    if (!end) {
      if (this.bounds.heads > 0) this.find('chain-missing', 'the end of the chain is not written down any more: someone took it away.');
    } else if (end.facts > this.chain.number || end.link !== this.chain.link) {
      this.find('chain-differs', `the chain ended at fact ${end.facts}; here it ends at ${this.chain.number}, or with another link: its tail was cut or changed.`);
    }
  }

  private find(code: string, sentence: string): void {
    this.findings.push({ code, sentence });
  }
}

/** Pages by number, up to the last, or until one comes up empty. */
async function* paged<Row>(last: number, read: (after: number, limit: number) => Promise<Row[]>, numberOf: (row: Row) => number): AsyncGenerator<Row[], void> {
  for (let after = 0; after < last; ) {
    const page = await read(after, Math.min(AT_ONCE, last - after));
    if (page.length === 0) return;
    yield page.filter((row) => numberOf(row) <= last);
    after = numberOf(page.at(-1)!);
  }
}
