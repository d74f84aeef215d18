/** What can keep the embedded PostgreSQL from starting, each in one sentence that says what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name: string = 'EmbeddedPostgresError';
}

export class DataFolderNotWritable extends EmbeddedPostgresError {
  override readonly name = 'DataFolderNotWritable';

  constructor(dataDir: string, cause: unknown) {
    const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    super(`The data folder ${dataDir} cannot be written (${reason}): choose another with PARLEY_DATA_DIR.`, { cause });
  }
}

export class DataFolderInUse extends EmbeddedPostgresError {
  override readonly name = 'DataFolderInUse';

  /** @param pid who has it; unknown when it is a server that Parley did not start */
  constructor(dataDir: string, pid?: number) {
    const who = pid === undefined ? 'a PostgreSQL server that Parley did not start' : `another Parley (process ${pid})`;
    super(`The data folder ${dataDir} is in use by ${who}: stop it, or choose another folder with PARLEY_DATA_DIR.`);
  }
}

/** PostgreSQL has no binaries here, or ended with a word of its own. */
export class EmbeddedPostgresFailed extends EmbeddedPostgresError {
  override readonly name = 'EmbeddedPostgresFailed';

  /** @param said what it wrote; its last line tells why */
  constructor(doing: string, said: string, options?: ErrorOptions) {
    const last = said.trim().split('\n').findLast((line) => /FATAL|PANIC|error|No space/i.test(line)) ?? said.trim().split('\n').at(-1);
    super(`PostgreSQL failed to ${doing}: ${last?.replace(/^.*?(FATAL|PANIC|error):\s*/i, '').replace(/\.$/, '')}.`, options);
  }
}
