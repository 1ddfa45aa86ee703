import { pathsIn, type CommandPath, type CompletedCommand, type CompletedOption } from './command-tree.js';

/** A script that completes words in bash. */
export function bashCompletion(program: CompletedCommand): string {
  const paths = pathsIn(program);
  return `# Completes words for ${program.name} in bash:  source <(${program.name} completion bash)
_image_server() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" command="" index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    [[ "\${COMP_WORDS[index]}" == -- ]] && return
    case "$command/\${COMP_WORDS[index]}" in
${paths.flatMap(({ path }) => entering(path)).join('\n')}
    esac
  done
  case "$command $previous" in
${paths.flatMap(valuesOf).join('\n')}
  esac
  case "$command $word" in
${paths.flatMap(wordsOf).join('\n')}
  esac
}
complete -F _image_server ${program.name}
`;
}

function entering(path: readonly string[]): string[] {
  const [name] = path.slice(-1);
  if (name === undefined) return [];
  return [`      "${nameOf(path.slice(0, -1))}/${name}") command="${nameOf(path)}" ;;`];
}

function valuesOf({ path, command }: CommandPath): string[] {
  return command.options.flatMap((option) => {
    const { value } = option;
    if (value === undefined) return [];
    const reply =
      value === 'anything' ? '' : ` COMPREPLY=($(compgen ${value === 'file' ? '-f' : list(value)} -- "$word"));`;
    return namesOf(option).map((name) => `    "${nameOf(path)} ${name}")${reply} return ;;`);
  });
}

function wordsOf({ path, command }: CommandPath): string[] {
  const options = command.options.flatMap(namesOf);
  const commands = command.commands.map(({ name }) => name);
  const reply = (words: readonly string[]): string => `COMPREPLY=($(compgen ${list(words)} -- "$word")) ;;`;
  return [
    `    "${nameOf(path)} -"*) ${reply(options)}`,
    ...(command.takesFile === true ? [`    "${nameOf(path)} "*) COMPREPLY=($(compgen -f -- "$word")) ;;`] : []),
    ...(commands.length > 0 ? [`    "${nameOf(path)} "*) ${reply(commands)}`] : []),
  ];
}

function namesOf({ short, long }: CompletedOption): string[] {
  return short === undefined ? [long] : [short, long];
}

function list(words: readonly string[]): string {
  return `-W "${words.join(' ')}"`;
}

function nameOf(path: readonly string[]): string {
  return path.map((name) => `/${name}`).join('');
}
