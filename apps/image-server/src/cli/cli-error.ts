/** What an operator is told in one line, and the process ends with 1. */
export class CliError extends Error {
  override readonly name = 'CliError';
}
