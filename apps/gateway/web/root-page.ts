import type { HealthReport, HealthResult } from '@parley/platform/health/health-checks.js';

export interface RootPage {
  readonly health: HealthReport;
  readonly isExplorerShown: boolean;
  readonly isSchemaShown: boolean;
  readonly hasReadme: boolean;
}

const STATUS_WORDS = { up: 'Everything works', degraded: 'It works, with a part that needs a look', down: 'A part is down' } as const;

/** The page at `/`: what this is, how it is, where to go. No script. */
export const rootPage = ({ health, isExplorerShown, isSchemaShown, hasReadme }: RootPage): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Parley</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/page.css">
  </head>
  <body>
    <main>
      <h1>Parley</h1>
      <p>A multi-tenant backend for AI chat. People and programs talk to agents; every change is a fact in an event store; GraphQL answers queries and streams replies.</p>
      <h2>How it is</h2>
      <p class="${health.status}">${STATUS_WORDS[health.status]}.</p>
      <ul>${Object.entries(health.checks).map(([name, result]) => check(name, result)).join('')}</ul>
      <h2>Where to go</h2>
      <ul>
        ${isExplorerShown ? '<li><a href="/graphql">Explorer</a>: try GraphQL in the browser</li>' : '<li><code>POST /graphql</code>: GraphQL</li>'}
        ${isSchemaShown ? '<li><a href="/schema.graphql">Schema</a>: every query, mutation and subscription</li>' : ''}
        ${hasReadme ? '<li><a href="/README.md">README</a>: what it is, and a tour of five minutes</li>' : ''}
        <li><a href="/health/ready">Health</a>: each dependency, as JSON</li>
      </ul>
      <h2>From a terminal</h2>
      <pre><code>npx parley chat "hello"</code></pre>
    </main>
  </body>
</html>
`;

const check = (name: string, { status, details = {} }: HealthResult) => {
  const told = Object.entries(details).filter(([, value]) => typeof value !== 'object').map(([key, value]) => `${key} ${String(value)}`);
  return `<li><strong class="${status}">${status}</strong> ${escaped([name, ...told].join(', '))}</li>`;
};

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

export const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif }
main { max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
pre { padding: 1rem; border: 1px solid currentColor; border-radius: 0.5rem; overflow-x: auto }
.up { color: light-dark(#0a6b2e, #6fd08c) }
.degraded { color: light-dark(#8a5300, #f0b35a) }
.down { color: light-dark(#b3261e, #ff8a80) }
`;
