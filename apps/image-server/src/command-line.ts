import { parseArgs } from 'node:util';
import { ConfigurationError } from './configuration/configuration-error.js';
import type { ForeignServer } from './configuration/foreign/translate-file.js';
import type { Environment } from './configuration/read-environment.js';
import { oneLine } from './one-line.js';

/** What the server is called to do. */
export type CommandName = 'serve' | 'config check' | 'config keys' | 'help' | 'version';

/** A command and its configuration file; or a file of another server, to be translated. */
export type CommandLine =
  | { readonly command: CommandName; readonly file: string | undefined }
  | { readonly command: 'config from'; readonly server: ForeignServer; readonly file: string };

/** How the server is called. */
export const USAGE = `Usage: image-server [command] [--config FILE]

Commands:
  (none)         serves images
  config check   shows the effective configuration, and what is wrong with it
  config keys    lists the keys of the configuration as a Markdown table
  config from-glance FILE, config from-galia FILE
                 translates a configuration of such a server into one for this
  cache          manages the cache, of a server or without one; see image-server cache --help
  completion     prints a script by which a shell completes words: bash, zsh or fish
  help [COMMAND] shows this, or the help of a command, such as image-server help cache sweep

Options:
  --config FILE  reads this YAML file; also IMAGE_SERVER_CONFIG
  --version      tells which version this is
  --help         shows this`;

/** Commands that translate a file. */
const TRANSLATING: ReadonlyMap<string, ForeignServer> = new Map([
  ['config from-glance', 'glance'],
  ['config from-galia', 'galia'],
]);

const COMMANDS: ReadonlyMap<string, CommandName> = new Map([
  ['', 'serve'],
  ['config check', 'config check'],
  ['config keys', 'config keys'],
  ['help', 'help'],
  ...['config', 'config check', 'config keys', 'config from-glance', 'config from-galia'].map(
    (name) => [`help ${name}`, 'help'] as const,
  ),
]);

/** Commands with a command line of their own. */
const MANAGING: readonly (string | undefined)[] = ['cache', 'completion'];

/**
 * The arguments of the commands that manage; `undefined` when another one is called. A configuration file may be named
 * before, too.
 */
export function managingArguments(args: readonly string[]): readonly string[] | undefined {
  const [first = ''] = args;
  const named = first === '--config' ? 2 : Number(first.startsWith('--config='));
  const [name, ...rest] = args.slice(named);
  if (name === 'help' && MANAGING.includes(rest[0])) return [...rest, '--help'];
  if (name === undefined || !MANAGING.includes(name)) return undefined;
  return [name, ...rest.slice(0, 1), ...args.slice(0, named), ...rest.slice(1)];
}

/**
 * Reads the command line.
 *
 * @throws ConfigurationError when it is not understood
 */
export function readCommandLine(args: readonly string[], environment: Environment): CommandLine {
  const { values, positionals } = parsed(args);
  const name = positionals.join(' ');
  const translating = positionals.slice(0, 2).join(' ');
  const server = TRANSLATING.get(translating);
  if (server !== undefined && values.help !== true)
    return { command: 'config from', server, file: onlyFile(translating, positionals.slice(2)) };
  const command = values.help === true ? 'help' : values.version === true ? 'version' : COMMANDS.get(name);
  if (command === undefined)
    throw new ConfigurationError(`${name}: there is no such command; see image-server --help.`);
  const file = values.config ?? environment['IMAGE_SERVER_CONFIG'];
  return { command, file: file === '' ? undefined : file };
}

/** @throws ConfigurationError when it is not one */
function onlyFile(command: string, [file, ...others]: readonly string[]): string {
  if (file === undefined) throw new ConfigurationError(`${command}: which file? Name one.`);
  if (others.length > 0) throw new ConfigurationError(`${command}: takes one file; there is also ${others.join(' ')}.`);
  return file;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        config: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
      },
      allowPositionals: true,
    });
  } catch (cause) {
    const [reason = ''] = oneLine(cause).split('. ', 1);
    throw new ConfigurationError(`${reason.replace(/\.$/, '')}; see image-server --help.`, { cause });
  }
}
