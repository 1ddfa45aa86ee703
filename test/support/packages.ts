import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Milliseconds that an installation may take, from a registry that is far away. */
export const INSTALLATION = 180_000;

/** The root of the repository. */
export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** What is read from a package.json here. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export async function readManifest(directory: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Manifest;
}

/** A directory outside the repository, where packages find nothing but what is installed for them. */
export interface Workshop {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

export async function makeWorkshop(): Promise<Workshop> {
  const path = await mkdtemp(join(tmpdir(), 'image-cache-package-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Packs a library as it would be published. Returns the path of the tarball. */
export function pack(library: string, destination: string): Promise<string> {
  return packDirectory(join(REPOSITORY, 'libs', library), destination);
}

/** Packs what is in a directory. Returns the path of the tarball. */
export async function packDirectory(directory: string, destination: string): Promise<string> {
  await mkdir(destination, { recursive: true });
  await run('npm', ['pack', '--loglevel=error', '--pack-destination', destination], { cwd: directory });
  const [tarball, ...others] = await readdir(destination);
  if (tarball === undefined || others.length > 0) throw new Error(`No single tarball: ${String([tarball, ...others])}`);
  return join(destination, tarball);
}

/** Copies a library with what it is packed with, so that a test can change it. Returns the directory of the copy. */
export async function copyLibrary(library: string, destination: string): Promise<string> {
  const filter = (path: string): boolean => basename(path) !== 'node_modules';
  for (const part of ['scripts', join('libs', library)])
    await cp(join(REPOSITORY, part), join(destination, part), { recursive: true, filter });
  return join(destination, 'libs', library);
}

/** Unpacks a tarball. Returns the directory that holds the package. */
export async function unpack(tarball: string, destination: string): Promise<string> {
  await mkdir(destination, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', destination]);
  return join(destination, 'package');
}

/** Makes a package of its own and installs what it depends on; nothing of it needs its install scripts. */
export async function install(directory: string, manifest: Manifest & { readonly type: string }): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'package.json'), JSON.stringify({ private: true, ...manifest }));
  const quickly = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await run('npm', ['install', ...quickly], { cwd: directory });
}

/** Runs a program in a directory, and whatever it imports is looked up from there. Returns what it printed. */
export async function evaluate(directory: string, program: string): Promise<unknown> {
  const flags = ['--input-type=module', '--eval', program];
  return JSON.parse((await run(process.execPath, flags, { cwd: directory })).stdout);
}
