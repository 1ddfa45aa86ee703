import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLimits, FilesystemSource, readImageInfo, type OriginalSource } from 'nestjs-iiif';
import { execFile } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import sharp from 'sharp';

let base: string;
let root: string;
let source: OriginalSource;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'source-'));
  root = join(base, 'originals');
  await mkdir(join(root, 'maps', 'old'), { recursive: true });
  await mkdir(join(base, 'originals-secret'));
  await mkdir(join(root, '.hidden'));
  await mkdir(join(root, 'folder.jpg'));
  await writeFile(join(base, 'secret.jpg'), 'secret');
  await writeFile(join(base, 'originals-secret', 'secret.jpg'), 'secret');
  for (const name of [
    'harbour.jpg',
    'maps/paris.tif',
    'maps/old/rome.png',
    'maps-index.gif',
    'two words.webp',
    'ünïcode 図.jpg',
  ]) {
    await writeFile(join(root, name), `content of ${name}`);
  }
  await writeFile(join(root, 'notes.txt'), 'notes');
  await writeFile(join(root, '.hidden.jpg'), 'hidden');
  await writeFile(join(root, '.hidden', 'image.jpg'), 'hidden');
  await writeFile(join(root, 'empty.png'), '');
  await symlink('harbour.jpg', join(root, 'link-inside.jpg'));
  await symlink('../secret.jpg', join(root, 'link-outside.jpg'));
  await symlink('../originals-secret/secret.jpg', join(root, 'link-to-neighbour.jpg'));
  await symlink('/etc/passwd', join(root, 'link-absolute.jpg'));
  await symlink('nowhere.jpg', join(root, 'link-dangling.jpg'));
  await symlink('link-loop.jpg', join(root, 'link-loop.jpg'));
  await symlink('..', join(root, 'link-up'));
  await symlink('maps', join(root, 'link-maps'));
  await symlink('/dev/zero', join(root, 'link-device.jpg'));
  await promisify(execFile)('mkfifo', [join(root, 'fifo.jpg')]);
  source = new FilesystemSource({ directory: root });
});

afterAll(async () => {
  await rm(base, { recursive: true });
});

async function read(identifier: string): Promise<string> {
  const original = await source.open(identifier);
  return (await buffer(original.stream())).toString();
}

describe('an original', () => {
  it.each(['harbour.jpg', 'maps/paris.tif', 'maps/old/rome.png', 'two words.webp', 'ünïcode 図.jpg', 'notes.txt'])(
    'is found and read: %s',
    async (identifier) => {
      expect(await source.lookup(identifier)).toMatchObject({ status: 'found' });
      expect(await read(identifier)).toMatch(/^content of|^notes$/);
    },
  );

  it('may be reached by links that stay inside', async () => {
    expect(await read('link-inside.jpg')).toBe('content of harbour.jpg');
    expect(await read('link-maps/paris.tif')).toBe('content of maps/paris.tif');
  });

  it('is described by its stamp, to the nanosecond', async () => {
    const { size, mtimeNs, ctimeNs, ino } = await stat(join(root, 'harbour.jpg'), { bigint: true });
    const stamp = { size: Number(size), lastModified: `${mtimeNs}`, changed: `${ctimeNs}`, inode: `${ino}` };
    expect(await source.lookup('harbour.jpg')).toEqual({ status: 'found', stamp });
    const original = await source.open('harbour.jpg');
    expect(original).toMatchObject({ stamp, size: Number(size) });
    await original.close();
  });

  it('is told from one that replaced it with the same size and time', async () => {
    const [path, other] = [join(root, 'replaced.jpg'), join(root, 'replacement.jpg')];
    await writeFile(path, 'before');
    const before = await source.lookup('replaced.jpg');
    const { atime, mtime } = await stat(path);
    await writeFile(other, 'after!');
    await utimes(other, atime, mtime);
    await rename(other, path);
    await utimes(path, atime, mtime);
    expect(await source.lookup('replaced.jpg')).not.toEqual(before);
    await rm(path);
  });

  it('has a stamp without inode and change time where hosts hold their own copies', async () => {
    const lookup = await new FilesystemSource({ directory: root, identity: false }).lookup('harbour.jpg');
    expect(Object.keys((lookup as { stamp: object }).stamp)).toEqual(['size', 'lastModified']);
  });

  it('is the same file for the renderer whatever happens to its name', async () => {
    const path = join(root, 'moved.jpg');
    await writeFile(path, 'before');
    const original = await source.open('moved.jpg');
    await rm(path);
    await symlink('../secret.jpg', path);
    expect(await readFile(original.file, 'utf8')).toBe('before');
    expect((await buffer(original.stream())).toString()).toBe('before');
    await rm(path);
  });

  it('can be decoded by the path that it is given for that', async () => {
    await sharp({ create: { width: 30, height: 20, channels: 3, background: '#abc' } })
      .tiff()
      .toFile(join(root, 'real.tif'));
    const original = await source.open('real.tif');
    const info = await readImageInfo({ file: original.file }, { identifier: 'real.tif', limits: createLimits() });
    expect(info).toMatchObject({ width: 30, height: 20, format: 'tiff' });
    await original.close();
    await rm(join(root, 'real.tif'));
  });

  it('is streamed in part', async () => {
    const original = await source.open('harbour.jpg');
    expect((await buffer(original.stream({ start: 3, end: 6 }))).toString()).toBe('tent');
  });

  it('is streamed at most to the length that it had when it was opened', async () => {
    const path = join(root, 'growing.jpg');
    await writeFile(path, 'short');
    const original = await source.open('growing.jpg');
    await writeFile(path, 'much longer');
    expect((await buffer(original.stream())).toString()).toBe('much ');
    await truncate(path, 0);
    await rm(path);
  });

  it('may be empty', async () => {
    expect(await read('empty.png')).toBe('');
  });

  it('is closed by its stream, however that ends, and by hand', async () => {
    const isClosed = async (original: { close(): Promise<void>; file: string }) => {
      await expect(readFile(original.file)).rejects.toMatchObject({ code: 'ENOENT' });
      await original.close();
    };
    const [ended, destroyed, closed] = await Promise.all([1, 2, 3].map(() => source.open('harbour.jpg')));
    if (ended === undefined || destroyed === undefined || closed === undefined) throw new Error('not opened');
    await buffer(ended.stream());
    await isClosed(ended);
    const stream = destroyed.stream();
    await new Promise((resolve) => stream.once('close', resolve).destroy());
    await isClosed(destroyed);
    await closed.close();
    await isClosed(closed);
  });

  it('is not looked for when nobody waits any more', async () => {
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(source.lookup('harbour.jpg', { signal })).rejects.toThrow('gone');
    await expect(source.open('harbour.jpg', { signal })).rejects.toThrow('gone');
  });
});

describe('what is missing', () => {
  const identifiers = [
    'nowhere.jpg',
    'nowhere/image.jpg',
    'harbour.jpg/image.jpg',
    'harbour.jpg/../harbour.jpg'.replace('/../', '/x/'),
    'folder.jpg',
    'maps',
    'maps/old',
    'fifo.jpg',
    'link-device.jpg',
    'link-up',
    'link-maps',
    'link-outside.jpg',
    'link-to-neighbour.jpg',
    'link-absolute.jpg',
    'link-dangling.jpg',
    'link-loop.jpg',
    'link-up/secret.jpg',
    'link-up/originals-secret/secret.jpg',
    'link-loop.jpg/image.jpg',
    'link-up/originals/nowhere.jpg',
    '.hidden.jpg',
    '.hidden/image.jpg',
    '.hidden',
    'maps/.hidden.jpg',
    '...',
    '..harbour.jpg',
    '.../harbour.jpg',
    '%2e%2e/secret.jpg',
    '%2e%2e%2fsecret.jpg',
    '..%2fsecret.jpg',
    '%252e%252e%252fsecret.jpg',
    '..%5csecret.jpg',
    '%c0%ae%c0%ae/secret.jpg',
    '%u002e%u002e/secret.jpg',
    '．．/secret.jpg',
    '․․/secret.jpg',
    '‥/secret.jpg',
    '。。/secret.jpg',
    'maps∕paris.tif',
    'maps⁄paris.tif',
    'maps／paris.tif',
    'HARBOUR.JPG',
    'harbour.jpg ',
    ' harbour.jpg',
    'harbour.jpg.',
    'harbour.jpg​',
    '‮gpj.ruobrah',
    'harbour.jpg::$DATA',
    'harbour.jpg;type=a',
    'harbour.jpg?x=1',
    'harbour.jpg#x',
    '~',
    '~root/.ssh/id_rsa',
    '$HOME/secret.jpg',
    '${HOME}',
    '`id`',
    '$(id)',
    '|id',
    '*',
    '*.jpg',
    '[a-z]*',
    '{harbour,x}.jpg',
    'file:',
    'C:',
    'CON',
    'NUL',
    'aux.jpg',
    'constructor',
    '__proto__',
    'toString',
    'null',
    'undefined',
    '0',
    '-rf',
    '--help',
  ];

  it.each(identifiers)('is missing, not served: %j', async (identifier) => {
    expect(await source.lookup(identifier)).toEqual({ status: 'missing' });
    await expect(source.open(identifier)).rejects.toMatchObject({ code: 'E_IIIF_NOT_FOUND', status: 404 });
  });
});

describe('an identifier', () => {
  const controls = ['\0', '\u0001', '\t', '\n', '\r', '\u001b', '\u007f', '\u0085', '\u009f'];
  const identifiers = [
    '',
    '/',
    '//',
    '.',
    '..',
    './',
    '../',
    '/..',
    './harbour.jpg',
    '../secret.jpg',
    '/harbour.jpg',
    'harbour.jpg/',
    '../../etc/passwd',
    '../../../../../../../../etc/passwd',
    '/etc/passwd',
    '//etc/passwd',
    'maps/../harbour.jpg',

    'maps/../../secret.jpg',
    'maps//paris.tif',
    'maps/./paris.tif',
    'maps/..',
    'maps/.',
    'maps/../..',
    'x/../../secret.jpg',

    '..\\secret.jpg',
    '..\\..\\etc\\passwd',
    '\\etc\\passwd',
    'C:\\Windows\\win.ini',
    '\\\\host\\share',
    'maps\\paris.tif',

    '..\\/secret.jpg',
    '../originals-secret/secret.jpg',
    '../originals/harbour.jpg',
    'file:///etc/passwd',
    'http://host/x.jpg',
    ...controls.flatMap((control) => [`harbour.jpg${control}`, `${control}harbour.jpg`, `har${control}bour.jpg`]),
    'harbour.jpg\0.png',
    '../secret.jpg\0.jpg',
    '\ud800',
    '\udfff.jpg',
    'x\ud83d.jpg',
    '\udc00\ud800',

    'a'.repeat(256),
    'ü'.repeat(128),
    `${'a'.repeat(255)}/${'b'.repeat(256)}`,
    'a/'.repeat(513),
    'a'.repeat(10_000_000),
    '/'.repeat(10_000),
    '../'.repeat(10_000),
    '\u{1f600}'.repeat(300),
  ];

  it.each(identifiers.map((identifier) => [identifier.slice(0, 40), identifier]))(
    '%j is refused',
    async (_, identifier) => {
      for (const attempt of [source.lookup(identifier), source.open(identifier)]) {
        await expect(attempt).rejects.toMatchObject({ code: 'E_IIIF_BAD_IDENTIFIER', status: 400 });
      }
    },
  );

  it.each(['a'.repeat(255), 'a/'.repeat(400) + 'a', 'ü'.repeat(127), '..x', 'x..', 'a..b/c', '😀.jpg', 'e\u0301.jpg'])(
    '%j is a name like any other',
    async (identifier) => {
      expect(await source.lookup(identifier)).toEqual({ status: 'missing' });
    },
  );

  it('is not repeated in the message', async () => {
    await expect(source.lookup('../<script>\n')).rejects.toMatchObject({
      reason: expect.not.stringMatching(/script|\n/),
    });
  });
});

describe('a folder that cannot tell', () => {
  const unavailable = { code: 'E_IIIF_SOURCE_UNAVAILABLE', status: 503 };

  async function expectUnavailable(other: OriginalSource) {
    await expect(other.lookup('image.jpg')).rejects.toMatchObject(unavailable);
    await expect(other.open('image.jpg')).rejects.toMatchObject(unavailable);
    await expect(other.ping()).rejects.toMatchObject(unavailable);
    await expect(other.list()[Symbol.asyncIterator]().next()).rejects.toMatchObject(unavailable);
  }

  it('is unavailable when it does not exist, and available once it does', async () => {
    const directory = join(base, 'later');
    const later = new FilesystemSource({ directory });
    await expectUnavailable(later);
    await mkdir(directory);
    await writeFile(join(directory, 'image.jpg'), 'image');
    expect(await later.lookup('image.jpg')).toMatchObject({ status: 'found' });
    expect(await later.lookup('other.jpg')).toEqual({ status: 'missing' });
  });

  it('is unavailable when it goes away, or is not a folder any more', async () => {
    const directory = join(base, 'going');
    await mkdir(directory);
    await writeFile(join(directory, 'other.jpg'), 'image');
    const going = new FilesystemSource({ directory });
    expect(await going.lookup('image.jpg')).toEqual({ status: 'missing' });
    await rm(directory, { recursive: true });
    await expectUnavailable(going);
    await writeFile(directory, 'a file');
    await expectUnavailable(going);
  });

  it('is unavailable when it is empty, as a mount point without its mount is', async () => {
    const directory = join(base, 'mount');
    await mkdir(directory);
    await expectUnavailable(new FilesystemSource({ directory }));
  });

  it('is unavailable when it is a link to nowhere', async () => {
    await symlink('nowhere', join(base, 'link'));
    await expectUnavailable(new FilesystemSource({ directory: join(base, 'link') }));
  });

  it('may be a link to a folder', async () => {
    await symlink('originals', join(base, 'current'));
    const linked = new FilesystemSource({ directory: join(base, 'current') });
    expect(await linked.lookup('maps/paris.tif')).toMatchObject({ status: 'found' });
    expect(await linked.lookup('link-outside.jpg')).toEqual({ status: 'missing' });
  });

  it('is unavailable where reading is forbidden, which is not the same as missing', async () => {
    const directory = join(base, 'forbidden');
    await mkdir(join(directory, 'inner'), { recursive: true });
    await writeFile(join(directory, 'inner', 'image.jpg'), 'image');
    await writeFile(join(directory, 'open.jpg'), 'image');
    await chmod(base, 0o755);
    await chmod(directory, 0o755);
    const forbidden = new FilesystemSource({ directory });
    await chmod(join(directory, 'inner'), 0);
    await unprivileged(async () => {
      await expect(forbidden.lookup('open.jpg')).resolves.toMatchObject({ status: 'found' });
      await expect(forbidden.lookup('inner/image.jpg')).rejects.toMatchObject(unavailable);
    });
    await chmod(join(directory, 'inner'), 0o700);
  });

  it.each(['', ' ', '\t'])('is not the working directory when the path is %j', (directory) => {
    expect(() => new FilesystemSource({ directory })).toThrow(expect.objectContaining({ code: 'E_IIIF_BAD_OPTIONS' }));
  });
});

describe('the listing', () => {
  const all = [
    'empty.png',
    'harbour.jpg',
    'link-inside.jpg',
    'maps-index.gif',
    'maps/old/rome.png',
    'maps/paris.tif',
    'two words.webp',
    'ünïcode 図.jpg',
  ];
  const collect = async (identifiers: AsyncIterable<string>) => {
    const found: string[] = [];
    for await (const identifier of identifiers) found.push(identifier);
    return found;
  };

  it('has the images in order, and nothing that is hidden, elsewhere or no file', async () => {
    expect(await collect(source.list())).toEqual(all);
    for (const identifier of all) expect((await source.lookup(identifier)).status).toBe('found');
  });

  it('can be had in pages', async () => {
    const found: string[] = [];
    for (;;) {
      const after = found.at(-1);
      const page = await collect(source.list({ limit: 3, ...(after !== undefined && { after }) }));
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(3);
      found.push(...page);
    }
    expect(found).toEqual(all);
  });

  it.each([
    ['maps', ['maps-index.gif', 'maps/old/rome.png', 'maps/paris.tif', 'two words.webp', 'ünïcode 図.jpg']],
    ['maps/old/z', ['maps/paris.tif', 'two words.webp', 'ünïcode 図.jpg']],
    ['zzz', ['ünïcode 図.jpg']],
  ])('goes on after %s', async (after, expected) => {
    expect(await collect(source.list({ after }))).toEqual(expected);
  });

  it.each([
    ['maps', ['maps/old/rome.png', 'maps/paris.tif']],
    ['maps/', ['maps/old/rome.png', 'maps/paris.tif']],
    ['./maps', ['maps/old/rome.png', 'maps/paris.tif']],
    ['maps/old', ['maps/old/rome.png']],
  ])('is that of a folder alone: %s', async (folder, expected) => {
    expect(await collect(source.list({ folder }))).toEqual(expected);
    const [first = '', ...rest] = expected;
    expect(await collect(source.list({ folder, after: first }))).toEqual(rest);
  });

  it.each([
    ['nowhere', 'E_IIIF_NOT_FOUND'],
    ['harbour.jpg', 'E_IIIF_NOT_FOUND'],
    ['.hidden', 'E_IIIF_NOT_FOUND'],
    ['..', 'E_IIIF_BAD_IDENTIFIER'],
    ['maps/../..', 'E_IIIF_BAD_IDENTIFIER'],
    ['/etc', 'E_IIIF_BAD_IDENTIFIER'],
    ['', 'E_IIIF_BAD_IDENTIFIER'],
  ])('refuses the folder %j', async (folder, code) => {
    await expect(collect(source.list({ folder }))).rejects.toMatchObject({ code });
  });

  it.each(['.', './', '/'])('is that of all folders: %s', async (folder) => {
    expect(await collect(source.list({ folder }))).toEqual(await collect(source.list()));
  });

  it('follows a link to a folder only to where it stays inside', async () => {
    await symlink(join(root, 'maps'), join(root, 'inside'));
    await symlink(tmpdir(), join(root, 'outside'));
    try {
      expect(await collect(source.list({ folder: 'inside' }))).toEqual(['inside/old/rome.png', 'inside/paris.tif']);
      await expect(collect(source.list({ folder: 'outside' }))).rejects.toMatchObject({ code: 'E_IIIF_NOT_FOUND' });
    } finally {
      for (const name of ['inside', 'outside']) await rm(join(root, name));
    }
  });

  it('leaves folders out that may not be read, and tells of them, but not of where a file system keeps what it found', async () => {
    const directory = join(base, 'partly');
    for (const path of ['a/x.jpg', 'b/inner/x.jpg', 'c/secret/x.jpg', 'c/y.jpg', 'lost+found/x.jpg', 'z.jpg']) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), 'image');
    }
    await chmod(base, 0o755);
    const closed = ['b/inner', 'b', 'c/secret', 'lost+found'];
    for (const folder of closed) await chmod(join(directory, folder), 0o000);
    const partly = new FilesystemSource({ directory });
    const omitted: string[] = [];
    const onOmitted = (folder: string): void => void omitted.push(folder);
    const denied = (folder: string) => ({
      code: 'E_IIIF_SOURCE_UNAVAILABLE',
      reason: expect.stringContaining(`The source folder ${folder} cannot be read`) as unknown,
    });
    await unprivileged(async () => {
      expect(await collect(partly.list({ onOmitted }))).toEqual(['a/x.jpg', 'c/y.jpg', 'z.jpg']);
      expect(omitted).toEqual(['b', 'c/secret']);
      for (const folder of ['b', 'b/inner', 'c/secret', 'lost+found'])
        await expect(collect(partly.list({ folder, onOmitted }))).rejects.toMatchObject(denied(folder));
    });
    expect(omitted).toHaveLength(2);
    for (const folder of closed.reverse()) await chmod(join(directory, folder), 0o755);
  });

  it('ends with the name of a folder that cannot be read for another reason', async () => {
    const directory = join(base, 'failing');
    await mkdir(join(directory, 'a'), { recursive: true });
    for (const path of ['a/x.jpg', 'b.jpg']) await writeFile(join(directory, path), 'image');
    const listed: string[] = [];
    const list = async (): Promise<void> => {
      for await (const identifier of new FilesystemSource({ directory }).list()) {
        listed.push(identifier);
        await rm(join(directory, 'b'), { recursive: true, force: true });
      }
    };
    await mkdir(join(directory, 'b'));
    await expect(list()).rejects.toMatchObject({ reason: 'The source folder b cannot be read (ENOENT).' });
    expect(listed).toEqual(['a/x.jpg', 'b.jpg']);
  });

  it('is empty with a limit of none, and ends when aborted', async () => {
    expect(await collect(source.list({ limit: 0 }))).toEqual([]);
    await expect(collect(source.list({ signal: AbortSignal.abort(new Error('stop')) }))).rejects.toThrow('stop');
  });
});

/** Permissions do not hold for the superuser, so it becomes nobody for a while. */
async function unprivileged(work: () => Promise<void>): Promise<void> {
  const NOBODY = 65_534;
  const user = process.geteuid?.();
  if (user !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
