import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { until } from '../support/async.js';
import { cachingIn, runServer, startServer, type RunningServer } from '../support/image-server.js';
import { makeImages, noise, type TestImages } from '../support/samples.js';

let images: TestImages;

beforeAll(async () => {
  images = await makeImages();
  await noise(4000, 4000).jpeg({ quality: 50 }).toFile(join(images.source, 'slow.jpg'));
});

afterAll(async () => {
  await images.remove();
});

const start = (environment: Record<string, string> = {}): Promise<RunningServer> =>
  startServer({ environment: { ...cachingIn(images.cache, images.source), ...environment } });

describe('The thread pool of the image server', () => {
  const threadsOf = async ({ pid }: RunningServer): Promise<number> => (await readdir(`/proc/${pid}/task`)).length;

  it('has a thread for every render and four for files, at least eight', async () => {
    const fewest = await start({ PROCESSOR_CONCURRENCY: '1' });
    const same = await start({ PROCESSOR_CONCURRENCY: '4' });
    const more = await start({ PROCESSOR_CONCURRENCY: '16' });
    const threads = await Promise.all([fewest, same, more].map(threadsOf));
    const [base = 0] = threads;
    expect(threads).toEqual([base, base, base + 12]);
  });

  it('goes by the configuration file, too', async () => {
    const file = join(images.path, 'concurrency.yaml');
    await writeFile(file, 'processor:\n  concurrency: 16\n');
    const few = await start({ PROCESSOR_CONCURRENCY: '4' });
    const many = await start({ IMAGE_SERVER_CONFIG: file });
    expect((await threadsOf(many)) - (await threadsOf(few))).toBe(12);
  });

  it('is left as it is set when it is large enough', async () => {
    const eight = await start({ PROCESSOR_CONCURRENCY: '4' });
    const thirty = await start({ PROCESSOR_CONCURRENCY: '4', UV_THREADPOOL_SIZE: '30' });
    expect((await threadsOf(thirty)) - (await threadsOf(eight))).toBe(22);
  });

  it.each([
    ['7', '4', 4],
    ['4', undefined, availableParallelism()],
    ['many', undefined, availableParallelism()],
  ])('is refused when it is set to %s for a concurrency of %s', async (size, concurrency, renders) => {
    const { code, stdout, stderr } = await runServer({
      environment: {
        UV_THREADPOOL_SIZE: size,
        ...(concurrency !== undefined && { PROCESSOR_CONCURRENCY: concurrency }),
      },
    });
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr:
        `image-server: UV_THREADPOOL_SIZE is ${size}; ${renders} renders at a time need ${renders + 4} or more. ` +
        'Leave it out to have it set.\n',
    });
  });
});

describe('A start that fails', () => {
  const failing = async (environment: Record<string, string>, args: readonly string[] = []) => {
    const { code, stdout, stderr } = await runServer({ environment, args });
    return { code, stdout, stderr };
  };

  it('because of the port ends with one line', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stdout, stderr } = await failing({
      ...cachingIn(images.cache, images.source),
      PORT: String(port),
    });
    other.close();
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: `image-server: 127.0.0.1:${port} is in use by another process; set PORT to a free one.\n`,
    });
  });

  it.each([
    ['an unknown address', { HOST: '203.0.113.1' }, [], /^image-server: HOST is no address of this machine: [^\n]*\n$/],
    ['a wrong value', { PORT: 'x' }, [], 'image-server: port: "x" (PORT) is not a whole number from 0 to 65535.\n'],
    [
      'a missing file',
      {},
      ['--config', '/nowhere.yaml'],
      /^image-server: \/nowhere\.yaml: the configuration cannot be read: ENOENT[^\n]*\n$/,
    ],
    [
      'a missing value',
      { CACHE_SERVER_VARIANT_ENABLED: 'true' },
      [],
      /^image-server: cache\.server\.variant\.implementation: is not set; [^\n]*\n$/,
    ],
    ['an unknown option', {}, ['--prot', '1'], "image-server: Unknown option '--prot'; see image-server --help.\n"],
    ['an unknown command', {}, ['sevre'], 'image-server: sevre: there is no such command; see image-server --help.\n'],
    [
      'a heap of infos larger than the heap',
      { CACHE_SERVER_HEAP_INFO_MAX_SIZE: '1TB' },
      [],
      /^image-server: imageCache\.heapInfo\.maxSize: is more than the heap limit of \d+ bytes\.\n$/,
    ],
  ])('because of %s ends with one line', async (_, environment, args, message) => {
    const { code, stdout, stderr } = await failing(environment, args);
    expect([code, stdout]).toEqual([1, '']);
    if (typeof message === 'string') expect(stderr).toBe(message);
    else expect(stderr).toMatch(message);
  });

  it('because the directory of the cache is somebody else’s ends with one line', async () => {
    const letters = join(images.path, 'letters');
    await mkdir(letters);
    await writeFile(join(letters, 'one.txt'), 'of somebody else');
    const { code, stderr } = await failing(cachingIn(letters, images.source));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^image-server: filesystemStore\.directory: \S+ is refused: it holds files [^\n]*\n$/);
  });
});

describe('image-server config check', () => {
  it('prints the effective configuration', async () => {
    const file = join(images.path, 'good.yaml');
    await writeFile(file, 'base_uri: https://me:hunter2@images.example/x\ncache.client.max_age: 60\n');
    const { code, stdout, stderr } = await runServer({
      args: ['config', 'check', '--config', file],
      environment: { CACHE_CLIENT_MAX_AGE: '70' },
    });
    expect([code, stderr]).toEqual([0, '']);
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows[0]).toEqual(['KEY', 'VALUE', 'FROM']);
    expect(rows).toContainEqual(['base_uri', 'https://me:***@images.example/x', `${file}:1`]);
    expect(rows).toContainEqual(['cache.client.max_age', '70', 'CACHE_CLIENT_MAX_AGE']);
    expect(rows).toContainEqual(['port', '0', 'PORT']);
    expect(rows).toContainEqual(['cache.server.resolve_first', 'false', 'default']);
  });

  it('tells what is missing', async () => {
    const { code, stdout, stderr } = await runServer({
      args: ['config', 'check'],
      environment: { CACHE_SERVER_VARIANT_ENABLED: 'true', CACHE_SERVER_VARIANT_IMPLEMENTATION: 'FilesystemCache' },
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^cache\.FilesystemCache\.pathname +\(missing\) +default$/m);
    expect(stderr).toBe(
      'image-server: cache.FilesystemCache.pathname: is not set; FilesystemCache needs a directory for itself.\n',
    );
  });

  it('tells what is wrong', async () => {
    const file = join(images.path, 'bad.yaml');
    await writeFile(file, 'cache:\n  server:\n    resolve_fist: true\n');
    const { code, stdout, stderr } = await runServer({ args: ['config', 'check', '--config', file] });
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: `image-server: cache.server.resolve_fist (${file}:3): there is no such key. Did you mean cache.server.resolve_first?\n`,
    });
  });
});

describe('The end of the image server', () => {
  const SLOW = '/iiif/3/slow.jpg/full/max/45/default.png';

  const isRendering = ({ pid }: RunningServer, file: string): boolean =>
    readdirSync(`/proc/${pid}/fd`).some((descriptor) => targetOf(`/proc/${pid}/fd/${descriptor}`).endsWith(file));

  it('waits for what is under way, answers it whole and stores it', async () => {
    const server = await start();
    const { answer } = server.open(SLOW, { headers: { connection: 'keep-alive' } });
    await until(() => isRendering(server, 'slow.jpg'));
    server.kill('SIGTERM');
    const { status, headers, complete, body } = await answer;
    expect({ status, complete, connection: headers.connection }).toEqual({
      status: 200,
      complete: true,
      connection: 'close',
    });
    expect((await sharp(body).metadata()).format).toBe('png');
    await expect(server.get('/health')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' });

    const again = await start();
    const hit = await again.get(SLOW);
    expect(hit.headers['cache-status']).toMatch(/^image-cache; hit/);
    expect(hit.body.equals(body)).toBe(true);
  }, 300_000);

  it('comes at once with the second signal', async () => {
    const server = await start();
    const { answer } = server.open('/iiif/3/slow.jpg/full/max/44/default.png');
    await until(() => isRendering(server, 'slow.jpg'));
    server.kill('SIGINT');
    await until(() => refuses(server));
    server.kill('SIGINT');
    expect(await server.ended).toMatchObject({ code: 130 });
    await expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('does not wait for connections that nobody uses', async () => {
    const server = await start();
    const idle = new Promise<void>((resolve) => {
      void fetch(`${server.url}/health`, { headers: { connection: 'keep-alive' } })
        .then((response) => response.text())
        .then(() => {
          resolve();
        });
    });
    await idle;
    expect(await server.end()).toMatchObject({ code: 0 });
  });
});

async function refuses(server: RunningServer): Promise<boolean> {
  return server.get('/health').then(
    () => false,
    () => true,
  );
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
