import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { type Manifest, mistakesOf } from './manifest.ts';
import { tool } from './tools.mjs';

const OVERLAYS = ['dev', 'staging', 'production'] as const;
const PARTS = ['gateway', 'command', 'relay', 'projector', 'runtime'];
const catalogue = readFileSync('docs/catalogue.md', 'utf8');

const rendered = new Map<string, readonly Manifest[]>();
beforeAll(() => {
  const kubectl = tool('kubectl');
  for (const folder of ['base', ...OVERLAYS.map((name) => `overlays/${name}`)]) {
    const text = execFileSync(kubectl, ['kustomize', `deploy/kubernetes/${folder}`], { encoding: 'utf8' });
    rendered.set(folder.replace('overlays/', ''), parseAllDocuments(text).map((document) => document.toJS() as Manifest));
  }
}, 300_000);

const all = (overlay: string) => rendered.get(overlay)!;
const ofKind = (overlay: string, kind: string) => all(overlay).filter((manifest) => manifest.kind === kind);
const named = (overlay: string, kind: string, name: string) => ofKind(overlay, kind).find(({ metadata }) => metadata.name === name)!;
const workloads = (overlay: string) => [...ofKind(overlay, 'Deployment'), ...ofKind(overlay, 'StatefulSet')];

/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-argument --
   below, manifests are read as they stand: their shapes were checked against Kubernetes' schemas */

describe('the check of manifests', () => {
  const pod = { containers: [{ name: 'app', image: 'app:1', resources: { limits: { memory: '1Gi' } } }] };
  const deployment = (spec: object): Manifest => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'app' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: pod }, ...spec } });

  it('takes what Kubernetes takes', () => expect(mistakesOf(deployment({ replicas: 2 }))).toEqual([]));
  it('finds a field of the wrong type', () => expect(mistakesOf(deployment({ replicas: 'two' }))).toEqual([expect.stringContaining('/spec/replicas')]));
  it('finds a field that is missing', () => expect(mistakesOf(deployment({ selector: undefined }))).toEqual([expect.stringContaining('required')]));
  it('finds a field that no schema has, however deep', () => {
    const typo = { ...pod, containers: [{ ...pod.containers[0], readynessProbe: { tcpSocket: { port: 1 } } }] };
    expect(mistakesOf(deployment({ template: { metadata: { labels: { a: 'b' } }, spec: typo } }))).toContain('/spec/template/spec/containers/0/readynessProbe: unknown');
  });
});

describe.each(OVERLAYS)('overlay %s', (overlay) => {
  it('is taken by Kubernetes', () => {
    const mistakes = all(overlay).flatMap((manifest) => mistakesOf(manifest).map((mistake) => `${manifest.kind} ${manifest.metadata.name}${mistake}`));
    expect(mistakes).toEqual([]);
    expect(ofKind(overlay, 'Deployment').map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(PARTS));
  });

  it('runs pinned images, as nobody, on a root that cannot be written, within limits', () => {
    for (const { kind, metadata, spec } of workloads(overlay)) {
      const { template: { spec: pod } } = spec;
      expect([metadata.name, pod.securityContext]).toEqual([metadata.name, expect.objectContaining({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })]);
      expect(pod.automountServiceAccountToken).toBe(false);
      for (const container of pod.containers) {
        expect(container.image).toMatch(/:(?!latest$)[\w][\w.-]*$/);
        expect(container.securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
        if (kind === 'Deployment') expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
        expect(container.resources).toEqual({ requests: { cpu: expect.anything(), memory: expect.anything() }, limits: { cpu: expect.anything(), memory: expect.anything() } });
        for (const probe of ['livenessProbe', 'readinessProbe']) expect([metadata.name, probe, container[probe]]).toEqual([metadata.name, probe, expect.anything()]);
      }
    }
  });

  it('asks each part whether it lives, and whether it is ready', () => {
    for (const part of PARTS) {
      const { containers: [app] } = named(overlay, 'Deployment', part).spec.template.spec;
      expect([app.startupProbe.httpGet.path, app.livenessProbe.httpGet.path, app.readinessProbe.httpGet.path]).toEqual(['/health/live', '/health/live', '/health/ready']);
      const ports = app.ports.map(({ name }: { name: string }) => name);
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) expect(ports).toContain(app[probe].httpGet.port);
    }
  });

  it('holds no secret, only the names of secrets', () => {
    expect(ofKind(overlay, 'Secret')).toEqual([]);
    const literal = workloads(overlay).flatMap(({ spec }) => spec.template.spec.containers.flatMap(({ env = [] }: { env?: { name: string; value?: string }[] }) => env.filter(({ name, value }) => value !== undefined && /(KEY|PASSWORD|TOKEN|SECRET)$/.test(name))));
    expect(literal).toEqual([]);
    expect(JSON.stringify(all(overlay))).not.toMatch(/:\/\/[^/\s"]+:[^/\s"@]+@/); // user:password@
  });

  it('gives each part what Parley reads, and nothing else', () => {
    const config = ofKind(overlay, 'ConfigMap').flatMap((manifest) => Object.keys((manifest as unknown as { data: object }).data));
    const names = workloads(overlay).flatMap(({ spec }) => spec.template.spec.containers.flatMap(({ env = [] }: { env?: { name: string }[] }) => env.map(({ name }) => name)));
    const unknown = new Set([...config, ...names].filter((name) => name.startsWith('PARLEY_') && !catalogue.includes(`\`${name}\``)));
    expect([...unknown]).toEqual([]);
    for (const part of PARTS) {
      const given = named(overlay, 'Deployment', part).spec.template.spec.containers[0].env.map(({ name }: { name: string }) => name);
      expect(given).toEqual(expect.arrayContaining(['PARLEY_DATABASE_URL', 'PARLEY_EVENT_STORE_URL', 'PARLEY_EVENT_LOG_URL', 'PARLEY_LIVE_URL', 'PARLEY_MASTER_KEY_FILE', 'PARLEY_METRICS_TOKEN']));
    }
  });

  it('closes every door that is not named', () => {
    const policies = ofKind(overlay, 'NetworkPolicy');
    expect(policies.find(({ metadata }) => metadata.name === 'nobody')!.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    const toCommand = policies.filter(({ spec }) => spec.ingress?.some(({ ports = [] }: { ports?: { port: number }[] }) => ports.some(({ port }) => port === 4000)));
    expect(toCommand.map(({ spec }) => spec.ingress[0].from)).toEqual([[{ podSelector: { matchExpressions: [{ key: 'app.kubernetes.io/component', operator: 'In', values: ['gateway', 'runtime'] }] } }]]);
  });

  it('lets each part send its traces to a collector in the namespace of monitoring', () => {
    const { spec } = ofKind(overlay, 'NetworkPolicy').find(({ metadata }) => metadata.name === 'parts-to-collector')!;
    expect(spec.podSelector.matchExpressions[0].values.toSorted()).toEqual(PARTS.toSorted());
    expect(spec.egress).toEqual([{ to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }], ports: [4317, 4318].map((port) => ({ protocol: 'TCP', port })) }]);
  });

  it('keeps all but one of each part while nodes are drained', () => {
    for (const part of PARTS) {
      const { spec } = named(overlay, 'PodDisruptionBudget', part);
      expect(spec).toEqual({ maxUnavailable: 1, selector: named(overlay, 'Deployment', part).spec.selector });
      expect(named(overlay, 'Deployment', part).spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    }
  });

  it('points services at ports that are there', () => {
    for (const { metadata, spec } of ofKind(overlay, 'Service')) {
      const target = workloads(overlay).find(({ spec: { template } }) => Object.entries(spec.selector).every(([key, value]) => template.metadata.labels[key] === value));
      const ports = target?.spec.template.spec.containers[0].ports.map(({ name }: { name: string }) => name);
      for (const { targetPort } of spec.ports) expect([metadata.name, ports]).toEqual([metadata.name, expect.arrayContaining([targetPort])]);
    }
  });
});

describe('how many', () => {
  const replicas = (overlay: string) => Object.fromEntries(PARTS.map((part) => [part, named(overlay, 'Deployment', part).spec.replicas]));

  it('begins with five doors and runtimes, three command sides, two of the rest', () => expect(replicas('base')).toEqual({ gateway: 5, command: 3, relay: 2, projector: 2, runtime: 5 }));
  it('is one of each on a laptop', () => expect(replicas('dev')).toEqual({ gateway: 1, command: 1, relay: 1, projector: 1, runtime: 1 }));
  it('is two of each in staging', () => expect(replicas('staging')).toEqual({ gateway: 2, command: 2, relay: 2, projector: 2, runtime: 2 }));

  it('follows the load in production: 70 % of the processor, 80 % of the memory, or a second, for two minutes', () => {
    const scalers = ofKind('production', 'HorizontalPodAutoscaler');
    expect(Object.fromEntries(scalers.map(({ metadata, spec }) => [metadata.name, [spec.minReplicas, spec.maxReplicas]]))).toEqual({ gateway: [5, 20], command: [2, 5], projector: [2, 5], runtime: [5, 20] });
    for (const { metadata, spec } of scalers) {
      expect(spec.metrics.filter(({ type }: { type: string }) => type === 'Resource').map(({ resource }: { resource: { name: string; target: { averageUtilization: number } } }) => [resource.name, resource.target.averageUtilization])).toEqual([['cpu', 70], ['memory', 80]]);
      expect(spec.behavior.scaleUp.stabilizationWindowSeconds).toBe(120);
      expect(named('production', 'Deployment', metadata.name).spec.replicas).toBeUndefined(); // an apply must not set back what the autoscaler said
    }
    const [latency] = named('production', 'HorizontalPodAutoscaler', 'gateway').spec.metrics.filter(({ type }: { type: string }) => type === 'Pods');
    expect(latency.pods).toEqual({ metric: { name: 'parley_graphql_p95_milliseconds' }, target: { type: 'AverageValue', averageValue: '1000' } });
    expect(readFileSync('deploy/prometheus/adapter.yaml', 'utf8')).toContain('as: parley_graphql_p95_milliseconds');
  });

  it('is never more projectors than the topic has partitions', () => {
    const [config] = ofKind('production', 'ConfigMap') as unknown as { data: Record<string, string> }[];
    expect(named('production', 'HorizontalPodAutoscaler', 'projector').spec.maxReplicas).toBeLessThanOrEqual(Number(config!.data['PARLEY_EVENT_LOG_PARTITIONS']));
  });

  it('takes as much of a machine as was asked for', () => {
    const sizes = PARTS.map((part) => named('production', 'Deployment', part).spec.template.spec.containers[0].resources.limits);
    expect(sizes).toEqual([{ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi' }, { cpu: '500m', memory: '512Mi' }, { cpu: '1', memory: '2Gi' }, { cpu: '1', memory: '1Gi' }]);
  });
});
