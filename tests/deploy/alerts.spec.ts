import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { Metrics } from '@parley/platform/telemetry/metrics.js';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { tool } from './tools.mjs';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

const RULES = 'deploy/prometheus/alerts.yml';
const rules = (parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules: each }) => each);
const operations = readFileSync('docs/operations.md', 'utf8');

let promtool: string;
beforeAll(() => void (promtool = tool('promtool')), 300_000);

/** What an expression asks Prometheus for. @throws Error where it is none */
function metricsIn(expression: string): string[] {
  const found: string[] = [];
  parser.parse(expression).iterate({
    enter({ name, type, from, to }) {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${expression}`);
      if (name === 'VectorSelector') found.push(/^[\w:]+/.exec(expression.slice(from, to))![0]);
    },
  });
  return found;
}

/** Every metric that Parley has, by the names under which Prometheus stores it. */
async function declared(): Promise<Set<string>> {
  const names = new Set(['up', ...(await new Metrics().registry.getMetricsAsJSON()).map(({ name }) => name)]);
  for (const file of globSync('{apps,libs}/**/*.ts', { exclude: (name) => name.endsWith('.spec.ts') })) {
    for (const [, kind, name] of readFileSync(file, 'utf8').matchAll(/\.(gauge|counter|seconds)\(\s*'(parley_\w+)'/g)) {
      for (const ending of kind === 'seconds' ? ['_bucket', '_count', '_sum'] : ['']) names.add(name! + ending);
    }
  }
  return names;
}

describe('alerts', () => {
  it('ring when they should, and not before', () => {
    const { stdout, stderr, status } = spawnSync(promtool, ['test', 'rules', 'deploy/prometheus/alerts.test.yml'], { encoding: 'utf8' });
    expect([status, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('SUCCESS')]);
    const tested = readFileSync('deploy/prometheus/alerts.test.yml', 'utf8');
    expect(rules.filter(({ alert }) => !new RegExp(`alertname: ${alert}\\s+exp_alerts:\\s+- `).test(tested)).map(({ alert }) => alert)).toEqual([]);
  });

  it('are rules that Prometheus takes', () => expect(execFileSync(promtool, ['check', 'rules', RULES], { encoding: 'utf8' })).toContain(`${rules.length} rules found`));

  it('reach a Prometheus whose settings are right', () => {
    expect(execFileSync(promtool, ['check', 'config', 'deploy/prometheus/prometheus.yml'], { encoding: 'utf8' })).toContain(`${rules.length} rules found`);
    // Debian's promtool knows nothing of Kubernetes.
    const { scrape_configs: [pods] } = parse(readFileSync('deploy/prometheus/kubernetes.yml', 'utf8')) as { scrape_configs: { kubernetes_sd_configs: unknown; relabel_configs: { target_label?: string }[] }[] };
    expect(pods!.kubernetes_sd_configs).toEqual([{ role: 'pod' }]);
    expect(pods!.relabel_configs.map(({ target_label }) => target_label)).toEqual([undefined, '__address__', 'job', 'namespace', 'pod']);
  });

  it('ask for metrics that Parley has, and so does the dashboard', async () => {
    const has = await declared();
    const adapter = parse(readFileSync('deploy/prometheus/adapter.yaml', 'utf8')) as { rules: { custom: { seriesQuery: string }[] } };
    const dashboard = JSON.parse(readFileSync('deploy/grafana/dashboards/parley-operations.json', 'utf8')) as { panels: { targets: { expr: string }[] }[] };
    const shown = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(shown.length).toBeGreaterThan(15);
    const expressions = [...shown, ...rules.map(({ expr }) => expr), ...adapter.rules.custom.map(({ seriesQuery }) => seriesQuery)];
    expect(expressions.flatMap(metricsIn).filter((metric) => !has.has(metric))).toEqual([]);
    expect(has).toContain('parley_graphql_seconds_bucket');
  });

  it('find a metric that is not there, and an expression that is none', async () => {
    expect(metricsIn('sum(rate(parley_nothing_total[5m])) > 1').filter((metric) => metric === 'parley_nothing_total')).toHaveLength(1);
    expect(await declared()).not.toContain('parley_nothing_total');
    expect(() => metricsIn('sum(rate(')).toThrow('not PromQL');
  });

  it('call for errors over 5 %, p99 over 5 s, a part that is down, a pool that is exhausted', () => {
    const severity = Object.fromEntries(rules.map(({ alert, labels }) => [alert, labels.severity]));
    expect(severity).toMatchObject({ ParleyErrorRate: 'critical', ParleySlow: 'warning', ParleyDown: 'critical', ParleyDatabasePoolExhausted: 'critical' });
    expect(rules.find(({ alert }) => alert === 'ParleyErrorRate')!.expr).toContain('> 0.05');
    expect(rules.find(({ alert }) => alert === 'ParleySlow')!.expr).toMatch(/quantile\(0\.99,.*> 5$/);
  });

  it('say what to do', () => {
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
      expect(operations).toContain(`### ${alert}\n`);
    }
  });
});
