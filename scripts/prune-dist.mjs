// Takes out of the dist of a package what its sources do not make any more: it would be published.
import { readdir, rm } from 'node:fs/promises';
import { join, parse, relative } from 'node:path';

const filesIn = async (directory) =>
  (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(directory, join(parentPath, name)));

const sources = new Set((await filesIn('src')).map((file) => file.replace(/\.ts$/, '')));

for (const file of await filesIn('dist')) {
  const { dir, base } = parse(file);
  const [, module] = /^(.+?)(?:\.d)?\.(?:js|ts)(?:\.map)?$/.exec(base) ?? [];
  if (module !== undefined && !sources.has(join(dir, module))) await rm(join('dist', file));
}
