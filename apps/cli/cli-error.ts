/** What a person at the terminal can do something about: printed as a sentence, without a stack, exit code 1. */
export class CliError extends Error {
  constructor(message: string, readonly code = 'CLI', readonly hint?: string, options?: ErrorOptions) {
    super(message, options);
  }
}
