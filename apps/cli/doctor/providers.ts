import { ProvidersModule } from '@parley/inference/providers/providers.module.js';
import { environment } from '@parley/platform/config/config.js';
import type { Report } from './report.js';

const PATIENCE_MS = 8_000;

/** What a provider says when it cannot be asked. */
interface Failure {
  readonly status?: number;
  readonly code?: string;
}

/** Each provider: whether it answers and takes the key. It is asked for its models, which costs nothing. */
export async function lookAtProviders(report: Report): Promise<void> {
  const providers = ProvidersModule.configured();
  const names = providers.list();
  if (names.length === 0) return report.warning('providers', 'None is configured: a Parley in one process lets the simulator answer, any other answers nothing.', 'Set OPENAI_API_KEY, ANTHROPIC_API_KEY or PARLEY_PROVIDER_<NAME>_URL.');
  await Promise.all(
    names.map((name) =>
      providers
        .get(name)!
        .reach(AbortSignal.timeout(PATIENCE_MS))
        .then(() => report.ok('providers', `${name} answers${variable(name, 'KEY') ? ' and takes the key' : ''}.`))
        .catch((error: Failure) => tell(report, name, error)),
    ),
  );
}

function tell(report: Report, name: string, { status, code }: Failure): void {
  const key = variable(name, 'KEY') ?? 'its key';
  if (status === undefined) return report.wrong('providers', `${name} cannot be reached: ${code ?? 'it says nothing'}.`, `Check ${variable(name, 'URL') ?? 'the network, and whether a proxy or firewall is between'}.`);
  if (status < 300) return report.wrong('providers', `What answers for ${name} is no model provider.`, `Check ${variable(name, 'URL') ?? 'whether a proxy is between'}.`);
  if (status === 401) return report.wrong('providers', `${name} refuses the key.`, `Check ${key}.`);
  if (status === 403) return report.warning('providers', `${name} does not let the key list its models; whether it may ask them is open.`, `See what ${key} was given rights for.`);
  if (status === 404 || status === 405) return report.ok('providers', `${name} answers; it has no list of models.`);
  if (status === 429) return report.warning('providers', `${name} says that there were too many calls${code ? ` (${code})` : ''}.`, 'See its limits, and whether the budget is spent.');
  report.wrong('providers', `${name} answers with ${status}${code ? ` (${code})` : ''}.`, status >= 500 ? 'It is not well: see its status page.' : `Check ${variable(name, 'URL') ?? key}.`);
}

/** The variable that says where a provider is, or its key; undefined when none is set. */
function variable(name: string, quality: 'URL' | 'KEY'): string | undefined {
  const upper = name.toUpperCase().replaceAll('-', '_');
  const names = [`PARLEY_PROVIDER_${upper}_${quality}`, `${upper}_API_${quality}`, ...(quality === 'URL' && name.startsWith('simulator') ? ['PARLEY_SIMULATOR_URL'] : [])];
  return names.find((each) => environment()[each]);
}
