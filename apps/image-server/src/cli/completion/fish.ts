import { pathsIn, type CommandPath, type CompletedCommand, type CompletedOption } from './command-tree.js';
import { quoted } from '../output/quoted.js';

/** A script that completes words in fish. */
export function fishCompletion(program: CompletedCommand): string {
  const lines = pathsIn(program).flatMap((each) => linesOf(program.name, each));
  return `# Completes words for ${program.name} in fish:  ${program.name} completion fish | source
complete -c ${program.name} -f
${lines.join('\n')}
`;
}

function linesOf(program: string, { path, command }: CommandPath): string[] {
  const where = `complete -c ${program} -n ${quoted(conditionOf(path, command))}`;
  return [
    ...command.commands.map(({ name, description }) => `${where} -a ${name} -d ${quoted(description)}`),
    ...(command.takesFile === true ? [`${where} -F`] : []),
    ...command.options.map((option) => `${where} ${optionOf(option)}`),
  ];
}

/** All commands on the way have been written, and none that is inside. */
function conditionOf(path: readonly string[], { commands }: CompletedCommand): string {
  const inside = commands.map(({ name }) => name).join(' ');
  const written = path.map((name) => `__fish_seen_subcommand_from ${name}`);
  const all = [...written, ...(inside === '' ? [] : [`not __fish_seen_subcommand_from ${inside}`])];
  return all.length === 0 ? 'true' : all.join('; and ');
}

function optionOf({ short, long, description, value }: CompletedOption): string {
  const names = [...(short === undefined ? [] : [`-s ${short.slice(1)}`]), `-l ${long.slice(2)}`];
  const values = { file: ' -r -F', anything: ' -x' };
  const words =
    value === undefined ? '' : typeof value === 'string' ? values[value] : ` -x -a ${quoted(value.join(' '))}`;
  return `${names.join(' ')}${words} -d ${quoted(description)}`;
}
