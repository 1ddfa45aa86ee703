// Copies the files that the examples in README and docs name into them: ```ts file=path
// With --check it only tells whether they are the same.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pages = [
  'README.md',
  'libs/image-cache/README.md',
  'libs/iiif/README.md',
  ...(await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];
const check = process.argv.includes('--check');

for (const page of pages) {
  const text = await readFile(join(root, page), 'utf8');
  const embedded = await embed(text);
  if (embedded === text) continue;
  if (check) {
    process.stderr.write(`${page}: an example differs from its file; run npm run docs:embed\n`);
    process.exitCode = 1;
  } else await writeFile(join(root, page), embedded);
}

async function embed(text) {
  const parts = [];
  let end = 0;
  for (const { 0: block, 1: language, 2: file, index } of text.matchAll(/^```(\w+) file=(\S+)\n[\s\S]*?^```$/gm)) {
    const code = await readFile(join(root, file), 'utf8');
    parts.push(text.slice(end, index), `\`\`\`${language} file=${file}\n${code}\`\`\``);
    end = index + block.length;
  }
  return parts.join('') + text.slice(end);
}
