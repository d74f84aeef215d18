import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly build?: { readonly args?: { readonly APP: string } };
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly secrets?: readonly string[];
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const read = (path: string) => parse(readFileSync(path, 'utf8'), { merge: true }) as Compose;
const compose = read('docker-compose.yml');
const services = Object.entries(compose.services);
const inProfile = (profile: string) => services.filter(([, { profiles }]) => profiles?.includes(profile)).map(([name]) => name);
const dockerfile = readFileSync('deploy/docker/Dockerfile', 'utf8');
const catalogue = readFileSync('docs/catalogue.md', 'utf8');

const PARTS = ['gateway', 'command', 'relay', 'projector', 'runtime'];
const PINNED = /^[\w./-]+:v?\d+\.\d+[\w.-]*$/;

describe('docker compose', () => {
  it('runs Parley in one process unless the profile distributed is asked for', () => {
    expect(readFileSync('.env', 'utf8')).toMatch(/^COMPOSE_PROFILES=standalone$/m);
    expect(inProfile('standalone')).toEqual(['postgres', 'parley']);
    expect(services.filter(([, { profiles }]) => !profiles?.length)).toEqual([]);
  });

  it('brings real stores, every part, and a door with the profile distributed', () => {
    expect(inProfile('distributed').sort()).toEqual([...PARTS, 'parts-postgres', 'eventstore', 'kafka', 'redis', 'nginx', 'prometheus', 'provider-simulator'].sort());
  });

  it('pins what it does not build', () => {
    const pulled = services.filter(([, { build }]) => !build).map(([, { image }]) => image);
    expect(pulled.filter((image) => !PINNED.test(image))).toEqual([]);
    expect(pulled.length).toBeGreaterThan(5);
    for (const { build, image } of Object.values(compose.services)) if (build) expect(image).toMatch(/^parley(-[a-z-]+)?:local$/);
  });

  it('asks each service whether it is well', () => {
    for (const [name, { healthcheck }] of services) expect([name, healthcheck?.test[0]]).toEqual([name, expect.stringMatching(/^CMD(-SHELL)?$/)]);
  });

  it('builds each part by its name, of an app that is there', () => {
    for (const name of [...PARTS, 'provider-simulator']) {
      expect(compose.services[name]!.build!.args!.APP).toBe(name);
      expect(existsSync(`apps/${name}/main.ts`)).toBe(true);
    }
    expect(compose.services['parley']!.build!.args).toBeUndefined();
  });

  it('tells each part what Parley reads, by names that the catalogue knows', () => {
    for (const [name, { environment = {} }] of services) {
      const unknown = Object.keys(environment).filter((key) => key.startsWith('PARLEY_') && !catalogue.includes(`\`${key}\``));
      expect([name, unknown]).toEqual([name, []]);
    }
    for (const part of PARTS) {
      expect(compose.services[part]!.environment).toMatchObject({ PARLEY_EVENT_STORE_URL: 'esdb://eventstore:2113?tls=false', PARLEY_EVENT_LOG_URL: 'kafka://kafka:9092', PARLEY_LIVE_URL: 'redis://redis:6379', PARLEY_COMMAND_URL: 'dns:///command:4000' });
    }
  });

  it('gives no container of ours more than it needs', () => {
    for (const [name, service] of services.filter(([, { build }]) => build)) {
      expect([name, service.read_only, service.cap_drop, service.security_opt]).toEqual([name, true, ['ALL'], ['no-new-privileges:true']]);
    }
  });

  it('opens doors on this machine only, and names what is there', () => {
    for (const file of ['docker-compose.yml', 'deploy/docker/ports.yml']) {
      for (const { ports = [] } of Object.values(read(file).services)) for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
    for (const [name, { depends_on: needs = {}, secrets = [], networks = [] }] of services) {
      expect([name, Object.keys(needs).filter((need) => !compose.services[need])]).toEqual([name, []]);
      expect([name, secrets.filter((secret) => !compose.secrets[secret])]).toEqual([name, []]);
      expect([name, networks.filter((network) => !(network in compose.networks))]).toEqual([name, []]);
      expect(Object.values(needs).filter(({ condition }) => condition !== 'service_healthy')).toEqual([]);
    }
  });

  it('keeps secrets in files that git does not take, and that script/secrets makes', () => {
    const [ignored, script] = ['.gitignore', 'script/secrets'].map((file) => readFileSync(file, 'utf8'));
    for (const { file } of Object.values(compose.secrets)) {
      const [folder, name] = file.split('/');
      expect(ignored).toContain(folder);
      if (name) expect(script).toContain(`make ${name} `);
    }
  });
});

describe('the image', () => {
  it('is of a pinned base, runs as nobody, and says how it is', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!);
    expect(bases.filter((image) => !PINNED.test(image))).toEqual([]);
    expect(dockerfile).toMatch(/^USER 1000:1000$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK /m);
  });

  it('is standalone unless another app is asked for', () => expect(dockerfile).toMatch(/^ARG APP=standalone$/m));

  it('holds what the apps read beside their code', () => {
    for (const folder of ['data', 'proto', 'libs/platform/verifier']) expect(dockerfile).toContain(`/parley/${folder} ./${folder}`);
  });
});

describe('nginx', () => {
  const conf = readFileSync('deploy/nginx/nginx.conf', 'utf8');

  it('passes WebSockets on, and event streams chunk by chunk', () => {
    for (const line of ['proxy_http_version 1.1;', 'proxy_set_header Upgrade $http_upgrade;', 'proxy_set_header Connection $connection_upgrade;', 'proxy_buffering off;', 'proxy_read_timeout 1h;']) expect(conf).toContain(line);
  });

  it('believes no client about who it is, and shows no metrics', () => {
    expect(conf).toContain('proxy_set_header X-Forwarded-For $remote_addr;');
    expect(conf).toMatch(/location \/metrics \{\s*return 404;/);
  });
});
