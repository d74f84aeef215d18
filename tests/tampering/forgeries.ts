import { generateKeyPairSync, sign } from 'node:crypto';
import { type Head, keyIdOf, keyText, linkOf, payloadOf, START } from '#parley-verify';
import type { Chance, FactLine } from './archive.js';

/** A bundle as whoever forges it sees it. */
export interface Opened {
  readonly header: { kind: 'bundle'; format: string; tenantId: string; exportId: string; keys: string[] };
  readonly lines: (FactLine | HeadLine)[];
}

export interface HeadLine {
  readonly kind: 'head';
  readonly payload: string;
  readonly signature: string;
}

/** What was done, and what its finding must say. */
export interface Forgery {
  readonly content: string | Buffer;
  readonly named: RegExp;
}

export function opened(text: string): Opened {
  const [header, ...lines] = text.trimEnd().split('\n').map((line) => JSON.parse(line) as never);
  return { header: header!, lines };
}

const text = ({ header, lines }: Opened) => `${[header, ...lines].map((line) => JSON.stringify(line)).join('\n')}\n`;
const isFact = (line: FactLine | HeadLine): line is FactLine => line.kind === 'fact';
const headOf = ({ payload }: HeadLine) => JSON.parse(payload) as Head;
const facts = ({ lines }: Opened) => lines.filter(isFact);
const heads = ({ lines }: Opened) => lines.filter((line): line is HeadLine => line.kind === 'head');
const last = <Item>(items: readonly Item[]) => items[items.length - 1]!;

/** The same bundle with other lines. */
const withLines = (bundle: Opened, lines: readonly (FactLine | HeadLine)[]) => text({ ...bundle, lines: [...lines] });
const replaced = (bundle: Opened, fact: FactLine, by: FactLine) => withLines(bundle, bundle.lines.map((line) => (line === fact ? by : line)));

/** Number of the first head that covers a fact. */
const headOver = (bundle: Opened, number: number) => heads(bundle).map(headOf).find((head) => head.facts >= number)!.head;

const changed = (number: number) => new RegExp(`^changed: fact ${number} \\(`, 'm');
const gone = (from: number, head: number) => new RegExp(`^missing: facts? ${from}\\b|^facts-differ: head ${head} `, 'm');

/** Numbers and chains the facts as if nothing had happened, without the key. */
function rechained(bundle: Opened, lines: readonly (FactLine | HeadLine)[]): Opened {
  let [number, link] = [0, START];
  const anew = lines.map((line) => {
    if (!isFact(line)) return line;
    number += 1;
    link = linkOf(link, bundle.header.tenantId, number, line);
    return { ...line, number, link };
  });
  return { ...bundle, lines: anew };
}

/** Signs every head anew, by a key of the forger's own that takes the place of the right one. */
function resigned(bundle: Opened): Opened {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const lines = bundle.lines.map((line) => {
    if (isFact(line)) return line;
    const payload = payloadOf({ ...headOf(line), keyId: keyIdOf(publicKey) });
    return { ...line, payload, signature: sign(null, Buffer.from(payload), privateKey).toString('base64') };
  });
  return { header: { ...bundle.header, keys: [keyText(publicKey)] }, lines };
}

/** Every way that the history of a bundle is forged here. `other` is the bundle of another tenant. */
export const FORGERIES: Readonly<Record<string, (bundle: Opened, by: Chance, other: Opened) => Forgery>> = {
  'flip a bit'(bundle, { below }) {
    const content = Buffer.from(text(bundle));
    const at = below(content.length);
    content[at]! ^= 1 << below(8);
    return { content, named: /^[a-z-]+: .*(line \d+|(fact|head)s? \d+|bundle)/m };
  },

  'drop a fact'(bundle, { pick }) {
    const fact = pick(facts(bundle));
    return { content: withLines(bundle, bundle.lines.filter((line) => line !== fact)), named: gone(fact.number, headOver(bundle, fact.number)) };
  },

  'drop several'(bundle, { below }) {
    const all = facts(bundle);
    const from = below(all.length - 5);
    const dropped = new Set<unknown>(all.slice(from, from + 2 + below(4)));
    return { content: withLines(bundle, bundle.lines.filter((line) => !dropped.has(line))), named: gone(all[from]!.number, headOver(bundle, all[from]!.number)) };
  },

  'swap two lines'(bundle, { below }) {
    const all = facts(bundle);
    const at = below(all.length - 1);
    const [one, two] = [all[at]!, all[at + 1 + below(all.length - at - 1)]!];
    const lines = bundle.lines.map((line) => (line === one ? two : line === two ? one : line));
    return { content: withLines(bundle, lines), named: /^(missing|out-of-place|changed|facts-differ): /m };
  },

  'swap what two facts say'(bundle, { below }) {
    const all = facts(bundle);
    const at = below(all.length - 1);
    const [one, two] = [all[at]!, all[at + 1 + below(all.length - at - 1)]!];
    const lines = bundle.lines.map((line) => (line === one ? { ...one, data: two.data } : line === two ? { ...two, data: one.data } : line));
    return { content: withLines(bundle, lines), named: changed(one.number) };
  },

  'insert a fact'(bundle, { pick, below }) {
    const before = pick(facts(bundle));
    const made: FactLine = { ...before, eventId: crypto.randomUUID(), revision: before.revision + 1, number: before.number + below(2), data: '{"text":"never said"}' };
    const lines = bundle.lines.flatMap((line) => (line === before ? [before, made] : [line]));
    return { content: withLines(bundle, lines), named: /^(out-of-place|changed|form|facts-differ): /m };
  },

  'write a fact twice'(bundle, { pick }) {
    const twice = pick(facts(bundle));
    return { content: withLines(bundle, bundle.lines.flatMap((line) => (line === twice ? [line, line] : [line]))), named: new RegExp(`^out-of-place: fact ${twice.number} `, 'm') };
  },

  'cut it at a byte'(bundle, { below }) {
    const whole = Buffer.from(text(bundle));
    return { content: whole.subarray(0, below(whole.length)), named: /^(cut|form): /m };
  },

  'cut the tail off'(bundle, { below }) {
    const kept = below(bundle.lines.length);
    return { content: withLines(bundle, bundle.lines.slice(0, kept)), named: /^cut: the bundle is cut off/m };
  },

  'cut the facts, leave the last head'(bundle, { below }) {
    const all = facts(bundle);
    const cut = new Set<unknown>(all.slice(all.length - 1 - below(10)));
    return { content: withLines(bundle, bundle.lines.filter((line) => !cut.has(line))), named: /^facts-differ: head \d+ counts/m };
  },

  'end at an earlier head'(bundle, { pick }) {
    const end = pick(heads(bundle).slice(0, -1));
    const lines = bundle.lines.slice(0, bundle.lines.indexOf(end) + 1);
    return { content: text({ header: { ...bundle.header, exportId: crypto.randomUUID() }, lines }), named: /^cut: .*after head \d+/m };
  },

  'drop a stream'(bundle, { pick }) {
    const { stream } = pick(facts(bundle));
    const first = facts(bundle).find((fact) => fact.stream === stream)!;
    const lines = bundle.lines.filter((line) => !isFact(line) || line.stream !== stream);
    return { content: withLines(bundle, lines), named: gone(first.number, headOver(bundle, first.number)) };
  },

  'drop a stream and chain anew'(bundle, { pick }) {
    const { stream } = pick(facts(bundle));
    const lines = bundle.lines.filter((line) => !isFact(line) || line.stream !== stream);
    return { content: text(rechained(bundle, lines)), named: /^facts-differ: head \d+ counts \d+ facts in \d+ streams; here are \d+ in \d+/m };
  },

  'change the time'(bundle, { pick, below }) {
    const fact = pick(facts(bundle));
    const recordedAt = new Date(Date.parse(fact.recordedAt) + (below(2) ? 1 : -1) * (1 + below(1_000_000))).toISOString();
    return { content: replaced(bundle, fact, { ...fact, recordedAt }), named: changed(fact.number) };
  },

  'change the metadata'(bundle, { pick }) {
    const fact = pick(facts(bundle));
    const meta = JSON.stringify({ ...(JSON.parse(fact.meta) as object), actor: { id: crypto.randomUUID(), kind: 'person', role: 'auditor' } });
    return { content: replaced(bundle, fact, { ...fact, meta }), named: changed(fact.number) };
  },

  'change a field of the envelope'(bundle, { pick }) {
    const fact = pick(facts(bundle));
    const over = pick([{ type: 'Sung' }, { stream: `${fact.stream}x` }, { revision: fact.revision + 1 }, { eventId: crypto.randomUUID() }, { link: START.padEnd(64, '0') }]);
    return { content: replaced(bundle, fact, { ...fact, ...over }), named: new RegExp(`^changed: fact ${fact.number} |^chain-differs: head`, 'm') };
  },

  'change a fact and chain anew without the key'(bundle, { pick }) {
    const fact = pick(facts(bundle));
    const lines = bundle.lines.map((line) => (line === fact ? { ...fact, data: '{"text":"never said"}' } : line));
    return { content: text(rechained(bundle, lines)), named: new RegExp(`^chain-differs: .*head ${headOver(bundle, fact.number)} signed`, 'm') };
  },

  'drop a fact, chain anew, and say so in the head'(bundle, { pick }) {
    const fact = pick(facts(bundle));
    const { lines } = rechained(bundle, bundle.lines.filter((line) => line !== fact));
    const closing = last(heads(bundle));
    const end = last(lines.filter(isFact));
    const payload = payloadOf({ ...headOf(closing), facts: end.number, link: end.link });
    return { content: withLines(bundle, [...lines.slice(0, -1), { ...closing, payload }]), named: new RegExp(`^(facts-differ|head-forged): head \\d+`, 'm') };
  },

  'change a fact, chain anew, and sign with a key of one’s own'(bundle, { pick }) {
    const fact = pick(facts(bundle));
    const lines = bundle.lines.map((line) => (line === fact ? { ...fact, data: '{"text":"never said"}' } : line));
    return { content: text(resigned(rechained(bundle, lines))), named: /^key-foreign: head 1 is signed by another key than yours/m };
  },

  'put a fact of another tenant in the place of one'(bundle, { pick }, other) {
    const [fact, foreign] = [pick(facts(bundle)), pick(facts(other))];
    return { content: replaced(bundle, fact, { ...foreign, number: fact.number }), named: new RegExp(`^(changed: fact ${fact.number} |chain-differs: )`, 'm') };
  },

  'put a head of another tenant in the place of one'(bundle, { pick }, other) {
    const [mine, foreign] = [pick(heads(bundle)), pick(heads(other))];
    return { content: withLines(bundle, bundle.lines.map((line) => (line === mine ? foreign : line))), named: /^head-changed: head \d+/m };
  },

  'drop a head'(bundle, { pick }) {
    const head = pick(heads(bundle).slice(0, -1));
    return { content: withLines(bundle, bundle.lines.filter((line) => line !== head)), named: new RegExp(`^head-missing: heads are missing: after head ${headOf(head).head - 1} comes head ${headOf(head).head + 1}`, 'm') };
  },

  'write something behind the end'(bundle, { pick }) {
    return { content: `${text(bundle)}${JSON.stringify(pick(bundle.lines))}\n`, named: /^form: line \d+ stands after the end/m };
  },
};
