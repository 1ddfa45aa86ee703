import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import {
  copyLibrary,
  evaluate,
  INSTALLATION,
  makeWorkshop,
  packDirectory,
  readManifest,
  REPOSITORY,
  unpack,
  type Workshop,
} from '../support/packages.js';

describe('the package that is published', () => {
  let workshop: Workshop;
  let root: string;
  let files: readonly string[];

  beforeAll(async () => {
    workshop = await makeWorkshop();
    const library = await copyLibrary('image-cache', workshop.path);
    await writeFile(join(library, 'dist/stores/left-by-an-earlier-build.js'), '');
    root = await unpack(await packDirectory(library, join(workshop.path, 'packed')), workshop.path);
    const found = await readdir(root, { recursive: true, withFileTypes: true });
    files = found
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(root, join(parentPath, name)));
  }, INSTALLATION);

  afterAll(() => workshop.remove());

  const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8');
  const endingIn = (ending: string): string[] =>
    files.filter((file) => file.startsWith('dist/') && file.endsWith(ending));

  /** What the modules name that an application gets to see: those of the entry points, and those that these name. */
  const namedFrom = async (entries: readonly string[]): Promise<ReadonlySet<string>> => {
    const named = new Set<string>();
    const seen = new Set(entries);
    for (const file of seen) {
      const { importedFiles, typeReferenceDirectives } = ts.preProcessFile(await read(file));
      for (const { fileName } of [...importedFiles, ...typeReferenceDirectives]) {
        named.add(fileName);
        if (fileName.startsWith('.')) seen.add(join(dirname(file), fileName.replace(/js$/, 'd.ts')));
      }
    }
    return named;
  };

  it('holds the compiled library, its manifest, its readme and its licence, and the files of the dashboard', async () => {
    const others = files.filter((file) => !/^dist\/.+\.(js|js\.map|d\.ts)$/.test(file));
    const page = await readdir(join(REPOSITORY, 'libs/image-cache/dashboard'));
    const expected = ['LICENSE', 'README.md', 'package.json', ...page.map((name) => `dashboard/${name}`)];
    expect(others.toSorted()).toEqual(expected.toSorted());
  });

  it('holds no module that the sources do not make any more', async () => {
    const sources = await readdir(join(REPOSITORY, 'libs/image-cache/src'), { recursive: true });
    const modules = endingIn('.js').map((file) => file.replace(/^dist\//, '').replace(/js$/, 'ts'));
    expect(modules.filter((file) => !sources.includes(file))).toEqual([]);
  });

  it('is under the licence of the repository', async () => {
    expect(await read('LICENSE')).toBe(await readFile(join(REPOSITORY, 'LICENSE'), 'utf8'));
  });

  it('declares the types of every module', () => {
    const modules = endingIn('.js');
    expect(modules.length).toBeGreaterThan(0);
    expect(endingIn('.d.ts').toSorted()).toEqual(modules.map((file) => file.replace(/js$/, 'd.ts')).toSorted());
  });

  it('has the sources in its source maps, since it has them nowhere else', async () => {
    for (const file of endingIn('.js.map')) {
      const { sourcesContent } = JSON.parse(await read(file)) as { readonly sourcesContent?: readonly string[] };
      expect([file, sourcesContent]).toEqual([file, [expect.any(String)]]);
    }
  });

  it('names no package in its types that an application may lack', async () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = await readManifest(root);
    const installed = Object.keys({ ...dependencies, ...peerDependencies }).filter(
      (name) => peerDependenciesMeta?.[name]?.optional !== true,
    );
    const named = await namedFrom(['dist/index.d.ts', 'dist/testing/index.d.ts']);
    const packages = [...named].filter((name) => !name.startsWith('.') && !name.startsWith('node:'));
    expect(packages).toContain('@nestjs/common');
    expect(packages.filter((name) => !installed.includes(name))).toEqual([]);
  });

  it('has test doubles and laws that need nothing but Node', async () => {
    // Nothing is installed here: a package can import itself by its name.
    const names = await evaluate(
      root,
      `import * as testing from 'nestjs-image-cache/testing'; console.log(JSON.stringify(Object.keys(testing)));`,
    );
    expect(names).toEqual(expect.arrayContaining(['ChaosStore', 'FakeClock', 'describeCacheStore']));
    await expect(evaluate(root, `import 'nestjs-image-cache';`)).rejects.toThrow('ERR_MODULE_NOT_FOUND');
  });
});
