import { pathsIn, type CommandPath, type CompletedCommand, type CompletedOption } from './command-tree.js';
import { quoted } from '../output/quoted.js';

/** A script that completes words in zsh. */
export function zshCompletion(program: CompletedCommand): string {
  const paths = pathsIn(program);
  return `#compdef ${program.name}
# Completes words for ${program.name} in zsh:  source <(${program.name} completion zsh)
_image_server() {
  local command="" index
  local -a found
  for ((index = 2; index < CURRENT; index++)); do
    [[ "\${words[index]}" == -- ]] && return
    case "$command/\${words[index]}" in
${paths.flatMap(({ path }) => entering(path)).join('\n')}
    esac
  done
  case "$command \${words[CURRENT - 1]}" in
${paths.flatMap(valuesOf).join('\n')}
  esac
  case "$command \${words[CURRENT]}" in
${paths.flatMap(wordsOf).join('\n')}
  esac
}
if [[ "\${funcstack[1]}" == _image-server ]]; then
  _image_server
else
  compdef _image_server ${program.name}
fi
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
    const words = typeof value === 'string' ? '' : ` compadd -- ${value.join(' ')};`;
    const reply = value === 'file' ? ' _files;' : words;
    return namesOf(option).map((name) => `    "${nameOf(path)} ${name}")${reply} return ;;`);
  });
}

function wordsOf({ path, command }: CommandPath): string[] {
  const options = command.options.flatMap((option) => namesOf(option).map((name) => described(name, option)));
  const commands = command.commands.map((each) => described(each.name, each));
  const reply = (what: string, words: readonly string[]): string =>
    `found=(${words.join(' ')}); _describe ${what} found ;;`;
  return [
    `    "${nameOf(path)} -"*) ${reply('option', options)}`,
    ...(command.takesFile === true ? [`    "${nameOf(path)} "*) _files ;;`] : []),
    ...(commands.length > 0 ? [`    "${nameOf(path)} "*) ${reply('command', commands)}`] : []),
  ];
}

function described(name: string, { description }: { readonly description: string }): string {
  return quoted(`${name}:${description.replaceAll(':', String.raw`\:`)}`);
}

function namesOf({ short, long }: CompletedOption): string[] {
  return short === undefined ? [long] : [short, long];
}

function nameOf(path: readonly string[]): string {
  return path.map((name) => `/${name}`).join('');
}
