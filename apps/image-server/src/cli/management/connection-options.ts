/** Which cache is managed, and how it is reached. */
export interface ConnectionOptions {
  /** Address of a server that runs. */
  readonly server?: string;
  readonly user?: string;
  /** File that holds the secret of the admin API. */
  readonly secretFile?: string;
  /** Configuration of a server whose stores are managed without it. */
  readonly config?: string;
  /** Milliseconds that a server has for an answer. */
  readonly timeout?: number;
}
