import type { Commander } from '../commands/command-help.js';

/** A command for which words are completed. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly CompletedCommand[];
  readonly options: readonly CompletedOption[];
  /** Whether it takes the name of a file. */
  readonly takesFile?: boolean;
}

/** An option of a command. */
export interface CompletedOption {
  readonly short?: string | undefined;
  readonly long: string;
  readonly description: string;
  /** What stands after it; `undefined` when nothing does. */
  readonly value?: CompletedValue | undefined;
}

/** A value: one of several words, a file, or anything. */
export type CompletedValue = readonly string[] | 'file' | 'anything';

/** A command together with those that it is in. */
export interface CommandPath {
  /** Names, without that of the program. */
  readonly path: readonly string[];
  readonly command: CompletedCommand;
}

const HELP: CompletedOption = { short: '-h', long: '--help', description: 'shows the help' };

const VERSION: CompletedOption = { short: '-V', long: '--version', description: 'tells which version this is' };

const CONFIG: CompletedOption = { long: '--config', description: 'reads this YAML file', value: 'file' };

/** The command line as a whole: what the server itself understands, and the commands of the parser. */
export function programOf(parser: Commander, shells: readonly string[]): CompletedCommand {
  const own = (name: string, description: string, ...commands: readonly CompletedCommand[]): CompletedCommand => ({
    name,
    description,
    commands,
    options: [CONFIG, HELP],
  });
  const translating = (server: string): CompletedCommand => ({
    ...own(`from-${server}`, 'translates the configuration of such a server'),
    takesFile: true,
  });
  const parsed = parser.commands.map(commandOf);
  const program = own(
    'image-server',
    'serves images',
    own(
      'config',
      'shows the configuration',
      own('check', 'shows what is in effect, and what is wrong'),
      own('keys', 'lists the keys'),
      translating('glance'),
      translating('galia'),
    ),
    ...parsed.map((each) => (each.name === 'completion' ? { ...each, commands: shells.map(shell) } : each)),
    helpOf(parsed),
  );
  return { ...program, options: [...program.options, VERSION] };
}

/** The command that shows the help of others. */
function helpOf(commands: readonly CompletedCommand[]): CompletedCommand {
  const names = commands.map(({ name, description, commands: inside }) => ({
    name,
    description,
    commands: inside.map((each) => ({ ...each, commands: [], options: [] })),
    options: [],
  }));
  return { name: 'help', description: 'shows the help of a command', commands: names, options: [] };
}

/** A command and all that are in it. */
export function pathsIn(command: CompletedCommand, path: readonly string[] = []): readonly CommandPath[] {
  return [{ path, command }, ...command.commands.flatMap((each) => pathsIn(each, [...path, each.name]))];
}

function commandOf(command: Commander): CompletedCommand {
  return {
    name: command.name(),
    description: command.description(),
    commands: command.commands.map(commandOf),
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionOf), HELP],
  };
}

function optionOf({
  short,
  long,
  flags,
  description,
  required,
  argChoices,
}: Commander['options'][number]): CompletedOption {
  const value = argChoices ?? (flags.includes('file>') ? 'file' : 'anything');
  return { short, long: long ?? flags, description, value: required ? value : undefined };
}

function shell(name: string): CompletedCommand {
  return { name, description: `for ${name}`, commands: [], options: [] };
}
