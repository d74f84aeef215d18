import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { environment } from '@parley/platform/config/config.js';
import { certificatesOf, dispatchConfig } from '@parley/platform/dispatch/dispatch.config.js';
import { GrpcCommandSender } from '@parley/platform/dispatch/grpc.command-sender.js';
import { kafkaPlace } from '@parley/platform/event-log/kafka/kafka-url.js';
import { findTopic } from '@parley/platform/event-log/kafka/kafkajs.js';
import { checkTopic } from '@parley/platform/event-log/kafka/topic.js';
import { eventLogConfig, kafkaWay } from '@parley/platform/event-log/open-event-log.js';
import type { EventStore } from '@parley/platform/event-store/event-store.js';
import { eventStoreConfig, openEventStore } from '@parley/platform/event-store/open-event-store.js';
import { liveConfig, openLiveChunks } from '@parley/platform/live/open-live-chunks.js';
import { RedisConnection } from '@parley/platform/live/redis.connection.js';
import { joinDatabases } from '@parley/platform/postgres/databases.js';
import { CliError } from '../cli-error.js';
import type { Found } from './database.js';
import { compareClocks, type Report } from './report.js';

/** The event store, and whether the tables were filled from it. */
export async function lookAtEventStore(report: Report, { databases, masterKey }: Found, stops: (() => Promise<unknown>)[]): Promise<void> {
  const { PARLEY_EVENT_STORE_URL: url } = eventStoreConfig.read();
  if (url === 'memory:') return report.warning('event store', 'The log is in the memory of the process: it is gone with it.', 'Set PARLEY_EVENT_STORE_URL to another, unless this is a trial.');
  // One of its own is joined first: to open it would make what is not there.
  if (/^postgres(ql)?:\/\//.test(url)) await joinDatabases({ ownerUrl: url, masterKey: masterKey.bytes }).then((own) => own.close());
  const store = await openEventStore(url, { databases, masterKey: masterKey.bytes });
  stops.push(() => store.close());
  report.ok('event store', `The log answers, and holds ${await store.head()} facts.`);
  await lookAtCheckpoints(report, databases, store);
}

async function lookAtCheckpoints(report: Report, { owner }: Found['databases'], store: EventStore): Promise<void> {
  const { rows: there } = await owner.query<{ is: boolean }>("select to_regclass('parley.projection_checkpoints') is not null as is");
  if (!there[0]!.is) return;
  const { storeId, epoch } = store.identity;
  const { rows } = await owner.query<{ table: string }>(
    'select distinct table_name as table from parley.projection_checkpoints where position > 0 and (store_id::text <> $1 or epoch <> $2 or position > $3) order by 1',
    [storeId, epoch, await store.head()],
  );
  if (rows.length === 0) return;
  report.wrong('event store', `These tables were filled from another log, or from one that was set back since: ${rows.map(({ table }) => table).join(', ')}.`, 'If this is the right log: npx parley projections rebuild. If not, set PARLEY_EVENT_STORE_URL right.');
}

/** The event log: Kafka and the topic in it. */
export async function lookAtEventLog(report: Report): Promise<void> {
  const settings = eventLogConfig.read();
  const way = kafkaWay(settings);
  if (!way) {
    if (settings.PARLEY_EVENT_LOG_URL !== 'store:') throw new CliError('PARLEY_EVENT_LOG_URL is neither store: nor kafka://host:port nor kafkas://host:port.');
    return report.ok('event log', 'Facts are read from the event store.');
  }
  const where = `Kafka at ${kafkaPlace(settings.PARLEY_EVENT_LOG_URL).brokers.join(', ')}`;
  const admin = way.clients.admin();
  try {
    await admin.connect().catch((error: Error) => {
      throw new CliError(`${where} does not answer: ${error.message}.`, 'KAFKA', 'Is it running, do its advertised listeners name an address that is reached from here, and are TLS and password as PARLEY_EVENT_LOG_URL says?');
    });
    if (!(await findTopic(admin, way.plan.topic))) return report.warning('event log', `${where} answers, and has no topic ${way.plan.topic} yet.`, 'The first start makes it. If there should be one, PARLEY_EVENT_LOG_URL names the wrong topic or broker.');
    await checkTopic(admin, way.plan);
    report.ok('event log', `${where} answers, and its topic ${way.plan.topic} is as it must be.`);
  } finally {
    await admin.disconnect().catch(() => undefined); // it may never have been connected
  }
}

const REDIS_MS = 4_000;

/** Where the chunks of replies under way are. */
export async function lookAtLiveChunks(report: Report): Promise<void> {
  const { PARLEY_LIVE_URL: url } = liveConfig.read();
  if (!/^rediss?:\/\/./.test(url) || !URL.canParse(url)) {
    await openLiveChunks(url).close(); // refuses what is no URL
    return report.ok('live chunks', 'They are in the memory of the process.');
  }
  const where = `Redis at ${new URL(url).host}`;
  const connection = new RedisConnection(url);
  let last: Error | undefined;
  connection.redis.on('error', (error: Error) => (last = error));
  try {
    for (const until = Date.now() + REDIS_MS; connection.redis.status !== 'ready'; await delay(20)) {
      if (Date.now() > until) throw new CliError(`${where} does not answer: ${said(last)}.`, 'REDIS', 'Is it running, and are address, password and TLS as PARLEY_LIVE_URL says? Until it answers, replies come when they are done, not word by word.');
    }
    const before = Date.now();
    const [seconds] = await connection.redis.time().catch((error: Error) => {
      throw new CliError(`${where} refuses: ${error.message}.`, 'REDIS', 'Check user and password in PARLEY_LIVE_URL.');
    });
    compareClocks(report, 'Redis', Number(seconds) * 1_000, [before, Date.now()], 1_000);
    report.ok('live chunks', `${where} answers.`);
  } finally {
    connection.close();
  }
}

const said = (error: Error | undefined) => (error === undefined ? 'it says nothing' : ((error as NodeJS.ErrnoException).code ?? error.message));

const COMMAND_MS = 3_000;
const SOON_DAYS = 14;

/** The command side, where another process decides commands. */
export async function lookAtCommandSide(report: Report): Promise<void> {
  const settings = dispatchConfig.read();
  const certificates = certificatesOf(settings);
  if (certificates) lookAtCertificate(report, new X509Certificate(certificates.certificate));
  if (!environment()['PARLEY_COMMAND_URL']) return;
  const sender = new GrpcCommandSender(settings);
  try {
    if (await sender.isUp(COMMAND_MS)) report.ok('command side', `It answers at ${settings.PARLEY_COMMAND_URL}.`);
    else report.wrong('command side', `Nobody answers at ${settings.PARLEY_COMMAND_URL}.`, 'Is the command app running, and do both sides have certificates of one authority (PARLEY_COMMAND_TLS_…) or none?');
  } finally {
    sender.close();
  }
}

function lookAtCertificate(report: Report, { validTo }: X509Certificate): void {
  const days = Math.floor((Date.parse(validTo) - Date.now()) / 86_400_000);
  if (days < 0) report.wrong('command side', `The certificate of PARLEY_COMMAND_TLS_CERT_FILE ran out on ${validTo}.`, 'Renew it.');
  else if (days < SOON_DAYS) report.warning('command side', `The certificate of PARLEY_COMMAND_TLS_CERT_FILE runs out in ${days} days.`, 'Renew it.');
}
