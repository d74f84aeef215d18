import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Router } from 'express';

const require = createRequire(import.meta.url);
const fileOf = (name: string, path: string) => join(dirname(require.resolve(`${name}/package.json`)), path); // React does not export these

/** Browser builds as they lie in the npm packages, and a page of ours: nothing comes from another host. */
const FILES = {
  'react.js': { path: fileOf('react', 'umd/react.production.min.js'), type: 'text/javascript' },
  'react-dom.js': { path: fileOf('react-dom', 'umd/react-dom.production.min.js'), type: 'text/javascript' },
  'graphiql.js': { path: fileOf('graphiql', 'graphiql.min.js'), type: 'text/javascript' },
  'graphiql.css': { path: fileOf('graphiql', 'graphiql.min.css'), type: 'text/css' },
} as const;

const START = `
const http = location.origin + '/graphql';
const ws = http.replace(/^http/, 'ws');
const fetcher = GraphiQL.createFetcher({ url: http, subscriptionUrl: ws });
const defaultHeaders = JSON.stringify({ authorization: 'Bearer <access token of signIn>' }, null, 2);
const defaultQuery = '# Sign in with the mutation signIn, then put its access token into the tab Headers.\\n\\nquery Schema {\\n  __typename\\n}\\n';
const root = ReactDOM.createRoot(document.getElementById('graphiql'));
root.render(React.createElement(GraphiQL, { fetcher, defaultHeaders, defaultQuery, isHeadersEditorEnabled: true, shouldPersistHeaders: false }));
`;

const STYLE = 'html, body, #graphiql { height: 100%; margin: 0 }';

/** GraphiQL sets styles on its elements and draws with data URIs; its scripts are files of ours alone. */
export const EXPLORER_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** GraphiQL for browsers: GET /graphql that asks for HTML, and the files that it needs below it. Everything else passes by. */
export function explorer(): Router {
  const version = createHash('sha256').update(START).update(readFileSync(FILES['graphiql.js'].path)).digest('hex').slice(0, 12);
  const base = `/graphql/explorer/${version}`;
  const page = pageOf(base);
  const router = Router();
  router.get('/graphql', (req, res, next) => {
    res.vary('accept');
    if (!req.header('accept')?.includes('text/html')) return next();
    res.set({ 'content-security-policy': EXPLORER_POLICY, 'cache-control': 'no-cache' }).type('html').send(page);
  });
  const lasting = { 'cache-control': 'public, max-age=31536000, immutable' };
  router.get(`${base}/start.js`, (_req, res) => void res.set(lasting).type('text/javascript').send(START));
  router.get(`${base}/page.css`, (_req, res) => void res.set(lasting).type('text/css').send(STYLE));
  for (const [name, { path, type }] of Object.entries(FILES)) {
    router.get(`${base}/${name}`, (_req, res, next) => void createReadStream(path).on('error', next).pipe(res.set(lasting).type(type)));
  }
  return router;
}

const pageOf = (base: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Parley GraphQL</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${base}/graphiql.css">
    <link rel="stylesheet" href="${base}/page.css">
  </head>
  <body>
    <div id="graphiql">Loading the explorer</div>
    <script src="${base}/react.js"></script>
    <script src="${base}/react-dom.js"></script>
    <script src="${base}/graphiql.js"></script>
    <script src="${base}/start.js"></script>
  </body>
</html>
`;
