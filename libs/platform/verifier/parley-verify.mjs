#!/usr/bin/env node
// @ts-check
/**
 * parley-verify: is the history in this bundle the history that was signed?
 *
 * One file of plain Node (18 or later). It imports nothing, asks no server, and may be read in a quarter of an hour, so that whoever
 * checks need not trust whoever wrote. The format is told in docs/audit-bundle.md; Parley itself chains and checks by these functions.
 *
 *     node parley-verify.mjs <bundle> [--key <sha256:… or a PEM file>]… [--anchor <file>]… [--json]
 *
 * Exit code 0: it holds. 1: it does not, and each finding is named. 2: it could not be checked.
 */
import crypto from 'node:crypto';
import { createReadStream, readFileSync, realpathSync } from 'node:fs';
import { TextDecoder } from 'node:util';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ eventId: string, stream: string, revision: number, type: string, recordedAt: string, meta: string, data: string }} Content
 *   A fact: `recordedAt` ISO 8601 in UTC with milliseconds, `meta` and `data` the very text that is stored
 * @typedef {{ format: string, tenantId: string, storeId: string, epoch: number, head: number, previous: string | null, facts: number, streams: number,
 *   streamsDigest: string, link: string, firstAt: string | null, lastAt: string | null, signedAt: string, exportId: string | null, keyId: string }} Head
 * @typedef {{ payload: string, signature: string }} SignedHead  `payload` is the JSON of a Head, `signature` Ed25519 over its bytes, base64
 * @typedef {{ code: string, sentence: string }} Finding
 * @typedef {{ tenantId: string | null, exportId: string | null, facts: number, streams: number, heads: number, firstAt: string | null, lastAt: string | null,
 *   signedAt: string | null, keyIds: string[], findings: Finding[], isAbridged: boolean, notes: string[] }} Report
 */

export const BUNDLE_FORMAT = 'parley-audit-bundle:1';
export const HEAD_FORMAT = 'parley-audit-head:1';

/** What the first link follows. */
export const START = 'parley-audit-chain:1';

/** So many findings are told; one is enough to know. */
const MOST_FINDINGS = 20;

/** No line of a bundle is longer, in bytes: a fact holds a megabyte at most. */
const LONGEST_LINE = 64 * 2 ** 20;

/** @type {(content: string | Uint8Array) => string} lower-case hex; in one step where Node has it */
const sha256 = crypto.hash ? (content) => crypto.hash('sha256', content, 'hex') : (content) => crypto.createHash('sha256').update(content).digest('hex');

/**
 * The link of a fact: it stands for this fact, and for every one before it. (Texts are not written as JSON once more, which would take
 * longer than all the rest; their lengths say where one ends.)
 *
 * @param {string} previous the link of the fact before; START for the first
 * @param {string} tenantId
 * @param {number} number place among the tenant's facts, from 1
 * @param {Content} fact
 */
export const linkOf = (previous, tenantId, number, { eventId, stream, revision, type, recordedAt, meta, data }) =>
  sha256(`${JSON.stringify([previous, tenantId, number, eventId, stream, revision, type, recordedAt, meta.length, data.length])}${meta}${data}`);

/** @param {Iterable<readonly [string, number]>} counts how many facts each stream has @returns {string} over the streams in the order of their UTF-16 code units */
export const digestOf = (counts) => sha256(JSON.stringify([...counts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))));

/** The name of a key: the fingerprint of its public half. @param {import('node:crypto').KeyObject} publicKey */
export const keyIdOf = (publicKey) => `sha256:${sha256(publicKey.export({ type: 'spki', format: 'der' }))}`;

/** The text of a head that is signed. @param {Head} head */
export const payloadOf = ({ format, tenantId, storeId, epoch, head, previous, facts, streams, streamsDigest, link, firstAt, lastAt, signedAt, exportId, keyId }) =>
  JSON.stringify({ format, tenantId, storeId, epoch, head, previous, facts, streams, streamsDigest, link, firstAt, lastAt, signedAt, exportId, keyId });

/** Names a head in the next one. @param {string} payload */
export const hashOf = (payload) => sha256(payload);

/** How a person recognises a fact. @param {number} number @param {{ eventId: string, stream: string, type?: string }} fact */
export const nameOf = (number, { eventId, stream, type }) => `fact ${number} (${type ? `${type} ` : ''}${eventId} of ${stream})`;

/** A tenant's chain as far as it was walked: what the next fact and the next head must fit. */
export class Chain {
  /** @param {string} tenantId */
  constructor(tenantId) {
    this.tenantId = tenantId;
    this.number = 0;
    this.link = START;
    /** Streams that were begun. */
    this.streams = 0;
    /** @type {Map<string, number>} streams that got facts since the last head, and how many they have */
    this.counts = new Map();
    /** @type {string | null} */
    this.firstAt = null;
    /** @type {string | null} */
    this.lastAt = null;
    /** Some fact since the last head is not known: what a head says of times and streams cannot be compared. */
    this.isPatchy = false;
    this.heads = 0;
    /** @type {string | null} */
    this.previousHead = null;
  }

  /**
   * Goes on by a fact.
   *
   * @param {Content} fact
   * @param {string} [link] what was written down as its link; the chain goes on from it, so that each changed fact is found by itself
   * @returns {boolean} whether it is the fact's
   */
  take(fact, link) {
    const own = linkOf(this.link, this.tenantId, this.number + 1, fact);
    this.pass(fact, link ?? own);
    this.firstAt ??= fact.recordedAt;
    this.lastAt = fact.recordedAt;
    return link === undefined || own === link;
  }

  /** Goes on by a fact whose content is not known. @param {{ stream: string, revision: number }} fact @param {string} link */
  pass({ stream, revision }, link) {
    this.number += 1;
    this.link = link;
    if (revision === 0) this.streams += 1;
    this.counts.set(stream, revision + 1);
  }

  /** Some facts are not there at all. @param {number} number the last of them */
  jump(number) {
    this.number = number;
    this.isPatchy = true;
  }

  /** What a head over the facts so far says of them. */
  body() {
    const { number, streams, link, firstAt, lastAt, heads, previousHead } = this;
    return { head: heads + 1, previous: previousHead, facts: number, streams, streamsDigest: digestOf(this.counts), link, firstAt, lastAt };
  }

  /** @param {Head} head @param {string} payload */
  close({ head, facts, streams }, payload) {
    this.heads = head;
    this.previousHead = hashOf(payload);
    if (facts !== this.number) return; // it was not about what is here: the next one tells of all since the last that was
    if (this.isPatchy) this.streams = streams;
    this.counts = new Map();
    this.firstAt = this.lastAt = null;
    this.isPatchy = false;
  }
}

/** Checks the heads of one tenant, in their order, against the chain at their place. */
export class HeadsCheck {
  /**
   * @param {string} tenantId
   * @param {{ keys: ReadonlyMap<string, import('node:crypto').KeyObject>, trusted?: ReadonlySet<string> }} options keys by their names; `trusted`: names that count
   */
  constructor(tenantId, { keys, trusted }) {
    this.tenantId = tenantId;
    this.keys = keys;
    this.trusted = trusted;
    /** @type {Set<string>} */
    this.keyIds = new Set();
  }

  /**
   * @param {SignedHead} signed
   * @param {Chain} chain closed by the head
   * @returns {{ head: Head | undefined, findings: Finding[] }}
   */
  check(signed, chain) {
    const head = this.read(signed);
    const name = `head ${head?.head ?? chain.heads + 1}`;
    if (!head) return { head, findings: [finding('head-changed', `${name} is not written as heads are: it was changed.`)] };
    const problem = this.forged(signed, head, name) ?? this.misfit(head, chain, name);
    chain.close(head, signed.payload);
    this.keyIds.add(head.keyId);
    return { head, findings: problem ? [problem] : [] };
  }

  /** @param {SignedHead} signed @returns {Head | undefined} */
  read({ payload }) {
    const head = /** @type {Head | undefined} */ (parsed(payload));
    return head && head.format === HEAD_FORMAT && payloadOf(head) === payload && head.tenantId === this.tenantId ? head : undefined;
  }

  /** @param {SignedHead} signed @param {Head} head @param {string} name */
  forged({ payload, signature }, { keyId }, name) {
    const key = this.keys.get(keyId);
    if (!key) return finding('key-missing', `${name} is signed by ${keyId}, whose public key is not there.`);
    const bytes = Buffer.from(signature, 'base64');
    const isSigned = bytes.toString('base64') === signature && crypto.verify(null, Buffer.from(payload), key, bytes);
    if (!isSigned) return finding('head-forged', `${name} was changed, or made without the key: its signature is not that of ${keyId}.`);
    if (this.trusted && !this.trusted.has(keyId)) return finding('key-foreign', `${name} is signed by another key than yours: by ${keyId}.`);
    return undefined;
  }

  /** @param {Head} head @param {Chain} chain @param {string} name */
  misfit(head, chain, name) {
    const here = chain.body();
    if (head.head !== here.head) return finding('head-missing', `heads are missing: after head ${chain.heads} comes head ${head.head}.`);
    if (head.previous !== here.previous) return finding('head-changed', `head ${chain.heads} is not the one that ${name} follows: it was put in the place of another.`);
    if (head.facts !== here.facts) return finding('facts-differ', `${name} counts ${head.facts} facts in ${head.streams} streams; here are ${here.facts} in ${here.streams}.`);
    if (head.link !== here.link) return finding('chain-differs', `the facts up to ${here.facts} are not those that ${name} signed on ${head.signedAt}: since head ${chain.heads} some were changed, and chained anew without the key.`);
    if (chain.isPatchy) return undefined;
    for (const field of /** @type {const} */ (['streams', 'streamsDigest', 'firstAt', 'lastAt'])) {
      if (head[field] !== here[field]) return finding('head-differs', `${name} says another ${field} than the facts do.`);
    }
    return undefined;
  }
}

/** Heads that were kept outside: whoever changed the history could not reach them. */
export class Anchors {
  constructor() {
    /** @type {Map<string, Map<number, string>>} payloads by tenant and head */
    this.heads = new Map();
    /** @type {Finding[]} */
    this.findings = [];
  }

  /** @param {string} content of an anchor file: a head a line @param {string} name of the file */
  add(content, name) {
    for (const [index, line] of content.split('\n').entries()) {
      if (line === '') continue;
      const signed = /** @type {SignedHead | undefined} */ (parsed(line));
      const head = /** @type {Head | undefined} */ (typeof signed?.payload === 'string' ? parsed(signed.payload) : undefined);
      if (!head || head.format !== HEAD_FORMAT) this.findings.push(finding('anchor-broken', `${name}, line ${index + 1} is no head.`));
      else this.note(head, /** @type {SignedHead} */ (signed).payload, `${name}, line ${index + 1}`);
    }
    return this;
  }

  /** @param {Head} head @param {string} payload @param {string} place */
  note({ tenantId, head }, payload, place) {
    const known = this.heads.get(tenantId) ?? new Map();
    if ((known.get(head) ?? payload) !== payload) this.findings.push(finding('anchor-broken', `${place} is another head ${head} of tenant ${tenantId} than an earlier line.`));
    this.heads.set(tenantId, known.set(head, payload));
  }

  /** @param {string} tenantId @param {number} head @param {string} payload @returns {Finding | undefined} */
  differs(tenantId, head, payload) {
    const anchored = this.heads.get(tenantId)?.get(head);
    if (anchored === undefined || anchored === payload) return undefined;
    return finding('anchor-differs', `head ${head} is not the one that was anchored: the history was written anew.`);
  }

  /** Anchored heads after this one. @param {string} tenantId @param {number} head */
  after(tenantId, head) {
    return [...(this.heads.get(tenantId)?.keys() ?? [])].filter((each) => each > head).sort((a, b) => a - b);
  }
}

/**
 * What a running store's own check cannot know: whether its heads are signed by the right key, and are those that were kept outside.
 *
 * @param {string} tenantId
 * @param {readonly SignedHead[]} heads all that the store has, in order
 * @param {{ trusted?: ReadonlySet<string>, anchors?: Anchors }} known
 * @returns {Finding[]}
 */
export function comparedOutside(tenantId, heads, { trusted, anchors }) {
  const read = heads.map(({ payload }) => ({ payload, head: /** @type {Head} */ (parsed(payload)) }));
  const foreign = trusted && read.find(({ head }) => !trusted.has(head?.keyId));
  const gone = anchors?.after(tenantId, Math.max(0, ...read.map(({ head }) => head?.head ?? 0))) ?? [];
  return [
    ...(foreign ? [finding('key-foreign', `head ${foreign.head?.head} is signed by another key than yours: by ${foreign.head?.keyId}.`)] : []),
    ...(anchors ? read.flatMap(({ head, payload }) => anchors.differs(tenantId, head?.head, payload) ?? []) : []),
    ...(gone.length > 0 ? [finding('head-cut', `${gone.length === 1 ? `head ${gone[0]} was` : `heads ${gone[0]} to ${gone.at(-1)} were`} anchored and cannot be found in the store: its tail was cut.`)] : []),
    ...(anchors?.findings ?? []),
  ];
}

/**
 * Checks a bundle, line by line, in bounded memory (it remembers the streams since the last head).
 *
 * @param {AsyncIterable<string> | Iterable<string>} lines without their ends; the last one is empty when the bundle ends with a line's end
 * @param {{ trusted?: ReadonlySet<string>, anchors?: Anchors }} [options] `trusted`: names of the keys that count; without them any key in the bundle does
 * @returns {Promise<Report>}
 */
export async function verifyBundle(lines, { trusted, anchors } = {}) {
  const check = new BundleCheck({ trusted, anchors });
  for await (const line of lines) if (!check.take(line)) break;
  return check.report();
}

class BundleCheck {
  /** @param {{ trusted?: ReadonlySet<string>, anchors?: Anchors }} options */
  constructor({ trusted, anchors }) {
    this.trusted = trusted;
    this.anchors = anchors;
    this.line = 0;
    /** @type {Finding[]} */
    this.findings = [];
    this.isAbridged = false;
    /** @type {{ tenantId: string, exportId: string, chain: Chain, heads: HeadsCheck } | undefined} */
    this.opened = undefined;
    /** @type {string | null} */
    this.firstAt = null;
    /** @type {string | null} */
    this.lastAt = null;
    /** @type {Head | undefined} */
    this.lastHead = undefined;
    /** Facts since the last head. */
    this.open = 0;
    /** The head that closes the bundle was there, and then the end of its line. */
    this.isEnded = false;
    this.isClosed = false;
  }

  /** @param {string} line @returns {boolean} whether to go on */
  take(line) {
    this.line += 1;
    if (this.isEnded) return this.afterEnd(line);
    if (line === '') return this.find('form', `line ${this.line} is empty.`);
    const said = /** @type {Record<string, unknown> | undefined} */ (parsed(line));
    if (this.line === 1) return this.begin(said, line);
    if (said?.kind === 'fact') return this.fact(said, line);
    if (said?.kind === 'head') return this.head(said, line);
    return this.find('form', `line ${this.line} is neither a fact nor a head: it was changed, or the bundle was cut there.`);
  }

  /** The only thing after the last head is the end of its line. @param {string} line */
  afterEnd(line) {
    if (line === '' && !this.isClosed) this.isClosed = true;
    else this.find('form', `line ${this.line} stands after the end.`);
    return this.findings.length < MOST_FINDINGS;
  }

  /** @param {Record<string, unknown> | undefined} said @param {string} line */
  begin(said, line) {
    const { tenantId, exportId, keys } = said ?? {};
    const isBundle = said?.kind === 'bundle' && typeof tenantId === 'string' && typeof exportId === 'string' && Array.isArray(keys);
    if (!isBundle || JSON.stringify({ kind: 'bundle', format: BUNDLE_FORMAT, tenantId, exportId, keys }) !== line) {
      this.find('form', `line 1 does not say that this is a bundle (${BUNDLE_FORMAT}): it is something else, or it was changed.`);
      return false;
    }
    const held = new Map(keys.map((/** @type {unknown} */ text) => keyOf(text)));
    if (held.has('') || held.size < keys.length) this.find('form', 'line 1 holds a public key that is none.');
    this.opened = { tenantId, exportId, chain: new Chain(tenantId), heads: new HeadsCheck(tenantId, { keys: held, trusted: this.trusted }) };
    return true;
  }

  /** @param {Record<string, unknown>} said @param {string} line */
  fact(said, line) {
    const { chain } = /** @type {NonNullable<typeof this.opened>} */ (this.opened);
    const { number, eventId, stream, revision, type, recordedAt, meta, data, link } = said;
    const fact = /** @type {Content} */ ({ eventId, stream, revision, type, recordedAt, meta, data });
    if (!isFact(said) || JSON.stringify({ kind: 'fact', number, ...fact, link }) !== line) return this.find('form', `line ${this.line} is not written as facts are: fact ${chain.number + 1} was changed.`);
    const place = /** @type {number} */ (number);
    if (place <= chain.number) return this.find('out-of-place', `${nameOf(place, fact)} stands after fact ${chain.number}: it was put there, or moved.`);
    this.open += 1;
    this.firstAt ??= fact.recordedAt;
    this.lastAt = fact.recordedAt;
    if (place > chain.number + 1) {
      const gone = place === chain.number + 2 ? `fact ${place - 1} is missing` : `facts ${chain.number + 1} to ${place - 1} are missing`;
      this.find('missing', `${gone}, and with it what ${nameOf(place, fact)} could be checked against.`);
      chain.jump(place - 1);
      chain.pass(fact, /** @type {string} */ (link)); // what it follows is not here: the next one, or the head, tells whether it is right
      return this.goesOn();
    }
    if (!chain.take(fact, /** @type {string} */ (link))) this.find('changed', `${nameOf(place, fact)} is not what was recorded: it, or its link, was changed.`);
    return this.goesOn();
  }

  /** @param {Record<string, unknown>} said @param {string} line */
  head({ payload, signature }, line) {
    const { chain, heads, exportId, tenantId } = /** @type {NonNullable<typeof this.opened>} */ (this.opened);
    if (typeof payload !== 'string' || typeof signature !== 'string' || JSON.stringify({ kind: 'head', payload, signature }) !== line) {
      return this.find('form', `line ${this.line} is not written as heads are: head ${chain.heads + 1} was changed.`);
    }
    const { head, findings } = heads.check({ payload, signature }, chain);
    for (const each of findings) this.add(each);
    if (!head) return this.goesOn();
    const differs = this.anchors?.differs(tenantId, head.head, payload);
    if (differs) this.add(differs);
    this.lastHead = head;
    this.open = 0;
    this.isEnded = head.exportId === exportId;
    return this.goesOn();
  }

  goesOn() {
    return this.findings.length < MOST_FINDINGS;
  }

  /** @param {string} code @param {string} sentence */
  find(code, sentence) {
    return this.add(finding(code, sentence));
  }

  /** Of one kind of key the first head tells. @param {Finding} found */
  add(found) {
    if (found.code === 'key-foreign' && this.findings.some(({ code }) => code === 'key-foreign')) return this.goesOn();
    if (this.goesOn()) this.findings.push(found);
    this.isAbridged ||= !this.goesOn();
    return this.goesOn();
  }

  /** @returns {Report} */
  report() {
    if (this.line === 0) this.find('cut', 'the bundle is empty.');
    else if (this.opened && !this.isAbridged && !(this.isEnded && this.isClosed)) this.cut(this.opened.chain);
    for (const each of this.anchors?.findings ?? []) this.add(each);
    const { tenantId = null, exportId = null, chain, heads } = this.opened ?? {};
    return {
      tenantId,
      exportId,
      facts: chain?.number ?? 0,
      streams: chain?.streams ?? 0,
      heads: chain?.heads ?? 0,
      firstAt: this.firstAt,
      lastAt: this.lastAt,
      signedAt: this.lastHead?.signedAt ?? null,
      keyIds: [...(heads?.keyIds ?? [])],
      findings: this.findings,
      isAbridged: this.isAbridged,
      notes: this.notes(),
    };
  }

  /** @param {Chain} chain */
  cut({ number, heads }) {
    const where = this.open > 0 || heads === 0 ? `fact ${number}` : `head ${heads}`;
    this.find('cut', `the bundle is cut off: it ends after ${where}, before the head that closes it.`);
  }

  /** What was not verified. @returns {string[]} */
  notes() {
    const { opened, lastHead } = this;
    if (!opened || !lastHead) return [];
    const newer = this.anchors?.after(opened.tenantId, lastHead.head) ?? [];
    return [
      ...(this.trusted ? [] : [`Whose key it is: the bundle brings it along. Compare ${[...opened.heads.keyIds].join(', ')} with what you were told by another way, or give it with --key.`]),
      ...(this.anchors ? [] : ['Whether another history was shown to others: give a file of anchored heads with --anchor.']),
      ...(newer.length > 0 ? [`What came later: the anchor knows ${newer.length} heads after head ${lastHead.head}.`] : []),
      `What was recorded after ${lastHead.signedAt}: it is not in this bundle.`,
      'What sealed text says: personal text is here as ciphertext, which is what was signed.',
    ];
  }
}

/** @param {Record<string, unknown>} said */
const isFact = ({ number, eventId, stream, revision, type, recordedAt, meta, data, link }) =>
  [number, revision].every((each) => Number.isSafeInteger(each)) && [eventId, stream, type, recordedAt, meta, data, link].every((each) => typeof each === 'string' && !HALF_CHARACTER.test(each));

/** Half a surrogate pair, which UTF-8 cannot write: two of them would look alike to a hash. */
const HALF_CHARACTER = /[\ud800-\udfff]/u;

/** @param {string} code @param {string} sentence @returns {Finding} */
const finding = (code, sentence) => ({ code, sentence });

/** @param {string} text @returns {unknown} undefined when it is no JSON object */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @param {unknown} text a public key, SPKI in base64 @returns {[string, import('node:crypto').KeyObject]} an empty name when it is none */
function keyOf(text) {
  try {
    const der = Buffer.from(/** @type {string} */ (text), 'base64');
    const key = crypto.createPublicKey({ key: der, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && der.toString('base64') === text ? [keyIdOf(key), key] : ['', key];
  } catch {
    return ['', /** @type {never} */ (undefined)];
  }
}

/** The public key's form in a bundle. @param {import('node:crypto').KeyObject} publicKey */
export const keyText = (publicKey) => publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

/**
 * The lines of a file, without their ends. (Node's own `readline` also breaks lines at U+2028, which may stand in a text.)
 *
 * @param {string} file
 * @returns {AsyncGenerator<string, void>} bytes that are no text as a line that nothing is written as
 * @throws Error with `code` when the file cannot be read; RangeError when a line does not end
 */
export async function* linesOf(file) {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, from)) {
      yield textOf(rest.subarray(from, end));
      from = end + 1;
    }
    rest = rest.subarray(from);
    if (rest.length > LONGEST_LINE) throw new RangeError(`a line is longer than ${LONGEST_LINE} bytes`);
  }
  yield textOf(rest);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param {Uint8Array} bytes */
function textOf(bytes) {
  try {
    return utf8.decode(bytes);
  } catch {
    return '\u0000';
  }
}

/** The report as a person reads it. @param {Report} report @param {string} name */
export function told({ tenantId, exportId, facts, streams, heads, firstAt, lastAt, signedAt, keyIds, findings, isAbridged, notes }, name) {
  if (findings.length > 0) {
    const rest = isAbridged ? ['  … and perhaps more: it is not read further.'] : [];
    return [`NOT VERIFIED: ${name} does not hold what was signed.`, ...findings.map(({ code, sentence }) => `  ${code}: ${sentence}`), ...rest].join('\n');
  }
  return [
    `VERIFIED: ${name}`,
    `  tenant ${tenantId}${exportId ? `, export ${exportId}` : ''}`,
    `  ${facts} facts in ${streams} streams, from ${firstAt} to ${lastAt}: none changed, missing, moved or put in`,
    heads === 0 ? '  no head yet: nothing is signed' : `  ${heads} heads, the last signed on ${signedAt} by ${keyIds.join(', ')}`,
    'Not verified:',
    ...notes.map((note) => `  ${note}`),
  ].join('\n');
}

/** Reads what `--key` names. @param {string} text a fingerprint, or a PEM file @throws Error in one sentence */
export function trustedKey(text) {
  if (/^sha256:[\da-f]{64}$/.test(text)) return text;
  try {
    return keyIdOf(crypto.createPublicKey(readFileSync(text)));
  } catch {
    throw new Error(`--key ${text} is neither a fingerprint (sha256: and 64 hex digits) nor a file with a key in PEM.`);
  }
}

/** @param {string} file @param {Anchors} anchors @throws Error in one sentence */
export function readAnchor(file, anchors) {
  try {
    return anchors.add(readFileSync(file, 'utf8'), file);
  } catch (error) {
    throw new Error(`The anchor ${file} cannot be read (${/** @type {NodeJS.ErrnoException} */ (error).code}).`);
  }
}

/** @param {string[]} args */
async function main(args) {
  /** @type {Record<'key' | 'anchor' | 'file', string[]>} */
  const given = { key: [], anchor: [], file: [] };
  const isJson = args.includes('--json');
  const words = args.filter((each) => each !== '--json');
  while (words.length > 0) {
    const word = /** @type {string} */ (words.shift());
    const value = word === '--key' || word === '--anchor' ? words.shift() : word;
    if (value === undefined || (value === word && word.startsWith('-'))) throw new Error('Usage: parley-verify <bundle> [--key <sha256:… or PEM file>]… [--anchor <file>]… [--json]');
    given[word === '--key' ? 'key' : word === '--anchor' ? 'anchor' : 'file'].push(value);
  }
  const [file] = given.file;
  if (file === undefined || given.file.length > 1) throw new Error('Usage: parley-verify <bundle> [--key <sha256:… or PEM file>]… [--anchor <file>]… [--json]');
  const trusted = given.key.length > 0 ? new Set(given.key.map(trustedKey)) : undefined;
  const anchors = given.anchor.length > 0 ? given.anchor.reduce((all, each) => readAnchor(each, all), new Anchors()) : undefined;
  const report = await verifyFile(file, { trusted, anchors });
  console.log(isJson ? JSON.stringify(report) : told(report, file));
  return report.findings.length === 0 ? 0 : 1;
}

/**
 * @param {string} file
 * @param {{ trusted?: ReadonlySet<string>, anchors?: Anchors }} [options]
 * @throws Error in one sentence when the file cannot be read
 */
export async function verifyFile(file, options) {
  try {
    return await verifyBundle(linesOf(file), options);
  } catch (error) {
    if (error instanceof RangeError) throw new Error(`${file} is no bundle: ${error.message}.`);
    throw new Error(`${file} cannot be read (${/** @type {NodeJS.ErrnoException} */ (error).code}).`);
  }
}

/** Whether this file is the program, by its own name or a link's; a program that imports it may be named without its ending. */
function isProgram() {
  try {
    return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
  } catch {
    return false; // no such file
  }
}

const isRunItself = isProgram();
if (isRunItself) {
  main(process.argv.slice(2)).then(
    (code) => (process.exitCode = code),
    (error) => {
      console.error(`parley-verify: ${error.message}`);
      process.exitCode = 2;
    },
  );
}
