import { Inject, Injectable } from '@nestjs/common';
import { CommandRunner, Option } from 'nest-commander';
import { CliError } from '../cli-error.js';
import { Interruption } from '../interruption.js';
import type { ConnectionOptions } from '../management/connection-options.js';
import { Connector } from '../management/connector.js';
import { NO_PROGRESS, type Progress } from '../output/progress.js';
import { Terminal } from '../output/terminal.js';
import { describeCommand, type CommandHelp, type Commander } from './command-help.js';
import { wholeNumber } from './option-values.js';

/** What every command takes that reaches a cache. */
export interface ConnectedOptions extends ConnectionOptions {
  readonly json?: boolean;
}

/** A command that reaches something: opens it, does something with it, and gives it back. */
@Injectable()
export abstract class ConnectedCommand<
  Options extends ConnectedOptions,
  Opened extends { close(): Promise<void> },
> extends CommandRunner {
  readonly #connector: Connector;
  readonly #interruption: Interruption;
  protected readonly terminal: Terminal;
  protected abstract readonly help: CommandHelp;

  constructor(
    @Inject(Terminal) terminal: Terminal,
    @Inject(Connector) connector: Connector,
    @Inject(Interruption) interruption: Interruption,
  ) {
    super();
    this.terminal = terminal;
    this.#connector = connector;
    this.#interruption = interruption;
  }

  @Option({ flags: '--server <url>', description: 'manages the cache of this server; also IMAGE_SERVER_URL' })
  parseServer(value: string): string {
    return named('--server', value);
  }

  @Option({ flags: '--user <name>', description: 'name for its admin API; also IMAGE_SERVER_USERNAME' })
  parseUser(value: string): string {
    return named('--user', value);
  }

  @Option({ flags: '--secret-file <file>', description: 'reads the secret from a file; else from IMAGE_SERVER_SECRET' })
  parseSecretFile(value: string): string {
    return named('--secret-file', value);
  }

  @Option({ flags: '--timeout <seconds>', description: 'gives the server so long for an answer (default: 30)' })
  parseTimeout(value: string): number {
    return 1000 * wholeNumber('--timeout', value, { min: 1, max: 86_400 });
  }

  @Option({ flags: '--json', description: 'prints JSON' })
  parseJson(): boolean {
    return true;
  }

  override setCommand(command: Commander): this {
    describeCommand(command, this.help);
    return super.setCommand(command);
  }

  /** Opens it, does what is to be done and closes it. */
  override async run(params: string[], options: Options): Promise<void> {
    const opened = await this.open(this.#connector, options);
    try {
      // What opens it does not look at the signal; nothing has been done yet.
      this.signal.throwIfAborted();
      await this.manage(opened, { params, options, signal: this.signal });
    } finally {
      await opened.close();
    }
  }

  /** Aborted when the command is interrupted. */
  protected get signal(): AbortSignal {
    return this.#interruption.signal;
  }

  /** Opens what the command is about. */
  protected abstract open(connector: Connector, options: Options): Opened | Promise<Opened>;

  /** What the command does. */
  protected abstract manage(opened: Opened, call: Call<Options>): Promise<void>;

  /** Does long work, and shows how far it is. */
  protected async showing<T>(
    { title, steps }: { readonly title: string; readonly steps: readonly string[] },
    { json = false }: Options,
    work: (onProgress: Progress['update']) => Promise<T>,
  ): Promise<T> {
    const progress = json ? NO_PROGRESS : this.terminal.progress(title, steps);
    try {
      return await work(progress.update);
    } finally {
      progress.end();
    }
  }
}

/** How a command is called. */
export interface Call<Options> {
  readonly params: readonly string[];
  readonly options: Options;
  readonly signal: AbortSignal;
}

/** @throws CliError when the value of an option is empty */
export function named(option: string, value: string): string {
  if (value === '') throw new CliError(`${option}: is empty.`);
  return value;
}
