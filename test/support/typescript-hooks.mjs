import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { threadId } from 'node:worker_threads';

/** Scripts that have been transformed, by what they were: tests start many processes, and most of that takes this. */
const CACHE = new URL('../../node_modules/.cache/child-scripts/', import.meta.url);

/** How they are transformed. */
const OPTIONS = await readFile(new URL('../../.swcrc', import.meta.url), 'utf8');

const SWEEP_THREAD = new URL('sweep-thread.mjs', import.meta.url).href;

/** Relative imports name the file that will be built; a child process of a test runs the source. */
export async function resolve(specifier, context, nextResolve) {
  if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  if (specifier === '#sweep-thread') return { url: SWEEP_THREAD, shortCircuit: true };
  return nextResolve(specifier, context);
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  return { format: 'module', source: await transformed(fileURLToPath(url)), shortCircuit: true };
}

async function transformed(path) {
  const source = await readFile(path, 'utf8');
  const name = createHash('sha256')
    .update(JSON.stringify([OPTIONS, path, source]))
    .digest('hex');
  const kept = new URL(`${name}.js`, CACHE);
  try {
    return await readFile(kept, 'utf8');
  } catch {
    const { transform } = await import('@swc/core');
    const { code } = await transform(source, { filename: path });
    const draft = new URL(`${name}.${process.pid}.${threadId}.tmp`, CACHE);
    try {
      await mkdir(CACHE, { recursive: true });
      await writeFile(draft, code);
      await rename(draft, kept);
    } catch (error) {
      // Some tests run as somebody who may not write here.
      if (error.code !== 'EACCES') throw error;
    }
    return code;
  }
}
