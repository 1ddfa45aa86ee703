import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { translateFile } from '../../apps/image-server/src/configuration/foreign/translate-file.js';
import { SECRET } from '../support/admin-app.js';
import { runCache } from '../support/command-line.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { runServer, startServer, type RunningServer } from '../support/image-server.js';
import { OriginServer } from '../support/origin-server.js';
import { timeless } from '../support/timeless.js';

const PAGE = 'docs/from-glance.md';

/** A value of each setting that the page names. */
const VALUES: Readonly<Record<string, string>> = {
  glance_enable_image_cache: 'yes',
  flavor: 'keystone+cachemanagement',
  glance_cache_max_size: '10737418240',
  image_cache_max_size: '5GB',
  glance_cache_staleness_seconds: '86400',
  glance_cache_prefetcher_delay: '300',
  cache_prefetcher_interval: '300',
  image_cache_dir: '/srv/cache',
  image_cache_stall_time: '600',
  image_cache_driver: 'sqlite',
  image_cache_sqlite_db: 'cache.db',
};

let page: string;
let place: TestDirectory;
let origin: OriginServer;
let server: RunningServer;

const translated = async (file: string): Promise<string> => {
  const { code, stdout, stderr } = await runServer({ args: ['config', 'from-glance', file] });
  expect(code).toBe(0);
  return stdout + stderr;
};

/** The commands of a block, each with what it says. */
function stepsOf(block: number): { readonly command: string; readonly says: string }[] {
  const [, session = ''] = [...page.matchAll(/^```console\n([\s\S]*?)^```$/gm)][block] ?? [];
  return session
    .split(/^\$ /m)
    .slice(1)
    .map((step) => ({ command: step.split('\n', 1)[0] ?? '', says: step.slice(step.indexOf('\n') + 1) }));
}

/** What may be another one each time left out: how many files there are beside those of images, too. */
function shownBy(text: string): string {
  return timeless(text).replaceAll(/^(abandoned|detritus) +\d+/gm, '$1 COUNT');
}

beforeAll(async () => {
  page = await readFile(PAGE, 'utf8');
  place = await makeDirectory();
  origin = await OriginServer.start();
  const image = sharp({ create: { width: 300, height: 200, channels: 3, background: 'teal' } });
  for (const name of ['maps/paris.tif', 'maps/rome.tif'])
    origin.put(name, { body: await image.clone().tiff().toBuffer(), etag: '"1"' });
  await cp('docs/examples/glance/globals.yml', join(place.path, 'globals.yml'));
  const yaml = await translated(join(place.path, 'globals.yml'));
  const config = join(place.path, 'image-server.yaml');
  await writeFile(config, yaml);
  server = await startServer({
    args: ['--config', config],
    isShared: true,
    environment: {
      SOURCE_HTTPSOURCE_URL_PREFIX: origin.url,
      SOURCE_HTTPSOURCE_ALLOW: '["127.0.0.1"]',
      CACHE_SERVER_SOURCE_PATHNAME: join(place.path, 'image-cache'),
      ENDPOINT_API_ENABLED: 'true',
      ENDPOINT_API_USERNAME: 'ada',
      ENDPOINT_API_SECRET: SECRET,
    },
  });
});

afterAll(async () => {
  await server.end();
  await origin.stop();
  await place.remove();
});

describe('The page for those who come from Glance', () => {
  it('translates its configuration to what it says', async () => {
    const [step] = stepsOf(0);
    expect(step?.command).toBe('image-server config from-glance globals.yml');
    expect(await translated(join(place.path, 'globals.yml'))).toBe(step?.says);
  });

  it('names every setting by the key that it is translated to', async () => {
    const rows = [...page.matchAll(/^\| (`[a-z_`, ]+`) +\| (`(cache\.[a-z_.]+)`|–) /gm)];
    const names = rows.flatMap(([, name = '', , key]) =>
      [...name.matchAll(/`([a-z_]+)`/g)].map((match) => ({ name: match[1] ?? '', key })),
    );
    expect(names.map(({ name }) => name).sort()).toEqual(Object.keys(VALUES).sort());
    for (const { name, key } of names) {
      const file = join(place.path, 'glance-api.conf');
      const known = name === 'glance_enable_image_cache' ? '' : 'glance_enable_image_cache = no\n';
      await writeFile(file, `[DEFAULT]\n# a comment\n${known}${name} = ${VALUES[name] ?? ''}\nbind_port = 9292\n`);
      const { yaml, unknown } = translateFile('glance', file);
      expect([name, unknown]).toEqual([name, key === undefined ? [name] : []]);
      if (key !== undefined) expect(yaml).toMatch(new RegExp(`^${key.replaceAll('.', '\\.')}: `, 'm'));
    }
  });

  it('shows commands that answer as it says, on a server with that configuration', async () => {
    const environment = { IMAGE_SERVER_URL: server.url, IMAGE_SERVER_USERNAME: 'ada', IMAGE_SERVER_SECRET: SECRET };
    const steps = stepsOf(1);
    const said: string[] = [];
    for (const { command } of steps) {
      const [program, cache, ...args] = command.split(' ');
      expect([program, cache]).toEqual(['image-server', 'cache']);
      const { stdout, stderr } = await runCache(args, environment);
      said.push(`$ ${command}\n${stdout}${stderr}`);
    }
    expect(shownBy(said.join(''))).toBe(shownBy(steps.map(({ command, says }) => `$ ${command}\n${says}`).join('')));
  });

  it('shows every command that it names', () => {
    const shown = new Set(stepsOf(1).map(({ command }) => command.split(' ')[2]));
    const [, table = ''] = page.split('| `image-server cache …`');
    const named = [...table.matchAll(/^\| `.*?\| `([a-z][a-z-]+)`/gm)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(9);
    expect(named.filter((name) => !shown.has(name))).toEqual([]);
  });
});
