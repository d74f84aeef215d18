import { createClient } from 'graphql-sse';
import { CliError } from './cli-error.js';
import { demoSignIn, savedSession, saveSession, serverUrl, type Session, type SignIn } from './settings.js';

interface GraphqlError {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly hint?: string };
}

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly GraphqlError[];
}

type Variables = Readonly<Record<string, unknown>>;

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken refreshToken } }';
const REFRESH = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { accessToken refreshToken } }';

/** The server, asked as the person who signed in. An access token that has run out is renewed once, unseen. */
export class Server {
  private session: Session | undefined = savedSession();

  /** @throws CliError with the server's own code and hint */
  async ask<Data>(query: string, variables: Variables = {}): Promise<Data> {
    return this.renewing(async (session) => read<Data>(await post(query, variables, session.accessToken)));
  }

  /** The results of a subscription, until it ends or the signal aborts. A lost connection throws: the caller knows where to go on. */
  async *follow<Data>(query: string, variables: Variables, signal: AbortSignal): AsyncGenerator<Data, void> {
    const session = await this.current();
    const client = createClient({ url: `${serverUrl()}/graphql/stream`, headers: { authorization: `Bearer ${session.accessToken}` }, retryAttempts: 0 });
    const results = client.iterate({ query, variables });
    const stop = () => void results.return?.();
    signal.addEventListener('abort', stop);
    try {
      for await (const result of results) yield read<Data>(result as Answer<Data>);
    } finally {
      signal.removeEventListener('abort', stop);
      client.dispose();
    }
  }

  /** What a path answers, as JSON. @throws CliError with the server's own code and hint */
  get<Data>(path: string): Promise<Data> {
    return this.renewing(async ({ accessToken }) => (await (await send(path, { headers: bearer(accessToken) })).json()) as Data);
  }

  /** What a path answers to a JSON body, as it comes. @throws CliError with the server's own code and hint, also when the connection is lost in the middle */
  post(path: string, body: object): AsyncGenerator<Uint8Array, void> {
    return this.stream(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  }

  /** What a path answers, as it comes. @throws CliError as `post` does */
  download(path: string): AsyncGenerator<Uint8Array, void> {
    return this.stream(path, {});
  }

  /** What a path answers to a body of some type, as JSON. @throws CliError with the server's own code and hint */
  upload<Data>(path: string, type: string, body: string): Promise<Data> {
    return this.renewing(async ({ accessToken }) => (await (await send(path, { method: 'POST', headers: { 'content-type': type, ...bearer(accessToken) }, body })).json()) as Data);
  }

  /** Signs in and keeps the session for the next call. */
  async signIn({ email, password }: SignIn): Promise<Session> {
    const { signIn } = read<{ signIn: Omit<Session, 'email'> }>(await post(SIGN_IN, { input: { email, password } }));
    return this.keep({ ...signIn, email });
  }

  /** The agent to talk to when none is named and the demo person speaks. */
  demoAgent(): string | undefined {
    const demo = demoSignIn();
    return !this.session || this.session.email === demo?.email ? demo?.agentId : undefined;
  }

  forget(): void {
    this.session = undefined;
    saveSession(undefined);
  }

  private async *stream(path: string, { headers, ...options }: RequestInit & { headers?: Record<string, string> }): AsyncGenerator<Uint8Array, void> {
    const response = await this.renewing(({ accessToken }) => send(path, { ...options, headers: { ...headers, ...bearer(accessToken) } }));
    try {
      for await (const part of response.body ?? []) yield part;
    } catch (error) {
      throw new CliError('The connection was lost in the middle.', 'UNREACHABLE', 'Run it again.', { cause: error });
    }
  }

  private async renewing<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    try {
      return await work(await this.current());
    } catch (error) {
      if (!(error instanceof CliError && error.code === 'UNAUTHENTICATED')) throw error;
      return work(await this.renew());
    }
  }

  private async current(): Promise<Session> {
    return this.session ?? this.signInAsDemo();
  }

  private async renew(): Promise<Session> {
    const old = this.session;
    if (old) {
      try {
        const { refreshSession } = read<{ refreshSession: Omit<Session, 'email'> }>(await post(REFRESH, { input: { refreshToken: old.refreshToken } }));
        return this.keep({ ...refreshSession, email: old.email });
      } catch (error) {
        if (!(error instanceof CliError) || error.code === 'UNREACHABLE') throw error; // otherwise: this session is over, try the demo's
      }
    }
    return this.signInAsDemo();
  }

  private async signInAsDemo(): Promise<Session> {
    const demo = demoSignIn();
    if (!demo) throw new CliError('Nobody is signed in.', 'UNAUTHENTICATED', 'Run `npx parley login`, or start a local Parley with script/start and use the same PARLEY_DATA_DIR.');
    return this.signIn(demo);
  }

  private keep(session: Session): Session {
    this.session = session;
    saveSession(session);
    return session;
  }
}

const bearer = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` });

/** A request outside GraphQL, whose errors have the same shape. */
async function send(path: string, options: RequestInit): Promise<Response> {
  const response = await fetch(`${serverUrl()}${path}`, options).catch((error: unknown) => {
    throw unreachable(error);
  });
  if (response.ok) return response;
  const answer = (await response.json().catch(() => ({}))) as Answer<never>;
  return read<never>(answer);
}

async function post(query: string, variables: Variables, accessToken?: string): Promise<Answer<never>> {
  const headers = { 'content-type': 'application/json', ...(accessToken && { authorization: `Bearer ${accessToken}` }) };
  try {
    const response = await fetch(`${serverUrl()}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    return (await response.json()) as Answer<never>;
  } catch (error) {
    throw unreachable(error);
  }
}

const unreachable = (cause: unknown) =>
  new CliError(`No Parley answers at ${serverUrl()}.`, 'UNREACHABLE', 'Start it with script/start, or say where it is: PARLEY_URL, PARLEY_GATEWAY_PORT.', { cause });

function read<Data>({ data, errors }: Answer<Data>): Data {
  const first = errors?.[0];
  if (first) throw new CliError(first.message, first.extensions?.code, first.extensions?.hint);
  if (data === undefined || data === null) throw new CliError('The server answered without data.');
  return data;
}
