import pg from 'pg';

/** How long one statement may take: a hung server is told from a slow one by nothing else. */
const PATIENCE_MS = 30_000;

/**
 * A projector's own connection. Statements that do not need each other's answers are on their way together.
 *
 * A commit does not wait for the disk: what a crash of Postgres takes away goes together with the checkpoint, and is folded again.
 */
export class ProjectorConnection {
  private client: Promise<pg.Client> | undefined;

  constructor(private readonly url: string) {}

  /** @throws Error when the database cannot be reached; the next call tries again */
  get(): Promise<pg.Client> {
    if (this.client) return this.client;
    const forget = () => {
      if (this.client === opening) this.client = undefined;
    };
    const opening = this.open(forget);
    opening.catch(forget);
    return (this.client = opening);
  }

  /** Closes the connection, which rolls back, also when it is no longer there. The next call opens another. */
  drop(): void {
    const client = this.client;
    this.client = undefined;
    void client?.then((each) => each.end()).catch(() => undefined);
  }

  async close(): Promise<void> {
    const client = await this.client?.catch(() => undefined);
    this.client = undefined;
    await client?.end();
  }

  private async open(ended: () => void): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.url,
      pipeline: true,
      query_timeout: PATIENCE_MS,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: 'parley projector',
    });
    client.on('error', () => undefined); // what runs on it rejects
    client.on('end', ended);
    await client.connect();
    // Always by index: a plan made while a table was small must not read all of it once it is large.
    await client.query('set synchronous_commit = off; set enable_seqscan = off');
    return client;
  }
}
