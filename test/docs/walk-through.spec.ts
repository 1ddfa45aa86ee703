import { afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { until } from '../support/async.js';
import { DESKTOP, openWatched, startBrowser } from '../support/browser.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { IMAGE_SERVER, startServer, type RunningServer } from '../support/image-server.js';
import { MAY_MOUNT, makeReadOnly, mountSmall, release } from '../support/mounts.js';
import { makeSamples, SAMPLES, SAMPLING } from '../support/samples.js';
import { timeless } from '../support/timeless.js';

const execute = promisify(execFile);

/** The pages of the atlas. */
const ATLAS = ['coast.tif', 'harbour.jpg', 'maps/island.jpg', 'dunes.webp', 'valley.tif', 'portrait.jpg'];

const SECRET = 'correct-horse';

/** Where the pictures of the page go, when they are to be made anew. */
const { DOCS_IMAGES: pictures } = process.env;

/** What they show, and after which command. */
const PICTURES = [
  { name: 'dashboard-prefetched.png', part: '#upkeep', after: 'image-server cache prefetch' },
  { name: 'dashboard-full.png', part: 'section[aria-labelledby=figures-title]', after: 'for ' },
] as const;

let place: TestDirectory;
let browser: Browser | undefined;

beforeAll(makeSamples, SAMPLING);

beforeEach(async () => {
  place = await makeDirectory();
  await mkdir(join(place.path, 'images', 'atlas'), { recursive: true });
  for (const [index, name] of ATLAS.entries())
    await sharp(join(SAMPLES, name))
      .autoOrient()
      .resize(900)
      .jpeg()
      .toFile(join(place.path, 'images', 'atlas', `${index + 1}.jpg`));
  if (MAY_MOUNT) mountSmall(join(place.path, 'cache'), '64m');
  // Places of the example are those of an operator; here, they are in a directory of the test.
  const yaml = await readFile('docs/examples/walk-through.yaml', 'utf8');
  const placed = yaml.replaceAll(
    /(pathname: )(\w+)$/gm,
    (_, key: string, name: string) => key + join(place.path, name),
  );
  await writeFile(join(place.path, 'server.yaml'), placed);
});

afterEach(async () => {
  await browser?.close();
  if (MAY_MOUNT) release(place.path);
  await place.remove();
});

/** Runs a line of the page as a shell does. */
async function run(line: string, server: RunningServer): Promise<string> {
  const command = `image-server() { ${process.execPath} ${resolve(IMAGE_SERVER)} "$@" 2>&1; }\n${line}`;
  const env = {
    PATH: process.env['PATH'],
    SERVER: server.url,
    IMAGE_SERVER_URL: server.url,
    IMAGE_SERVER_SECRET: SECRET,
    ENDPOINT_API_SECRET: SECRET,
  };
  const { stdout } = await execute('bash', ['--norc', '-c', command], { cwd: place.path, env }).catch(
    // What it says is more than that it failed.
    (error: unknown) => error as { readonly stdout: string },
  );
  return stdout;
}

/** Without what differs from run to run. */
function steady(text: string): string {
  return timeless(text.replaceAll('\r', ''))
    .replaceAll(/\d+(\.\d+)? [KM]B/g, 'SIZE')
    .replaceAll(/\d+/g, 'N')
    .replaceAll(/ {2,}/g, '  ');
}

async function commandsOf(page: string): Promise<readonly { readonly line: string; readonly answer: string }[]> {
  const blocks = (await readFile(page, 'utf8')).matchAll(/^```console\n([\s\S]*?)^```$/gm);
  return [...blocks]
    .flatMap(([, session = '']) => session.split(/^\$ /m).slice(1))
    .map((step) => {
      const [line = '', ...answer] = step.split('\n');
      return { line, answer: answer.join('\n') };
    });
}

const entriesOf = async (server: RunningServer): Promise<number> => {
  const { usage } = JSON.parse(await run('image-server cache stats --json', server)) as {
    usage: Record<string, { entries: number }>;
  };
  return Object.values(usage).reduce((sum, { entries }) => sum + entries, 0);
};

/** How many pixels of a figure have exactly the colour that the style sheet calls so. */
async function pixelsOf(page: Page, title: string, name: string): Promise<number> {
  return page.evaluate(
    `(() => {
      const figure = [...document.querySelectorAll('figure')].find((each) => each.querySelector('h3')?.textContent === ${JSON.stringify(title)});
      const canvas = figure?.querySelector('canvas');
      if (!canvas) return 0;
      const hex = getComputedStyle(document.documentElement).getPropertyValue(${JSON.stringify(name)}).trim();
      const wanted = [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (wanted.every((value, part) => data[at + part] === value)) count += 1;
      return count;
    })()`,
  );
}

async function openDashboard(server: RunningServer): Promise<Page> {
  browser ??= await startBrowser();
  const { page } = await openWatched(browser, `${server.url}/admin`, {
    ...DESKTOP,
    httpCredentials: { username: 'admin', password: SECRET },
  });
  return page;
}

/** Makes pictures of parts of the dashboard anew, when its figures know of what has just been done. */
async function makePicture(server: RunningServer, { name, part }: (typeof PICTURES)[number]): Promise<void> {
  if (pictures === undefined) return;
  const page = await openDashboard(server);
  await page.waitForTimeout(25_000);
  await page.evaluate(`document.querySelector(${JSON.stringify(part)}).style.paddingBlock = '1.5rem'`);
  await page.locator(part).screenshot({ path: join(pictures, name) });
  await page.close();
}

/** The disk fails under a server that is asked for pictures all the time, and recovers; the page tells of both. */
async function failTheDisk(server: RunningServer): Promise<void> {
  const disk = join(place.path, 'cache');
  const page = await openDashboard(server);
  let asked = 0;
  const ask = async (): Promise<void> => {
    asked += 1;
    const { status } = await server.get(
      `/iiif/3/atlas%2F${1 + (asked % 6)}.jpg/full/${200 + (asked % 700)},/0/default.jpg`,
    );
    expect(status).toBe(200);
  };
  const logHas = async (text: string): Promise<boolean> => {
    await ask();
    return ((await page.locator('#log').textContent()) ?? '').includes(text);
  };
  makeReadOnly(disk);
  await until(() => logHas('are left out until it works again'));
  expect((await server.get('/health')).status).toBe(503);
  const seconds = { Authorization: `Basic ${Buffer.from(`admin:${SECRET}`).toString('base64')}` };
  await until(async () => {
    await ask();
    const { body } = await server.get('/admin/history?seconds=60', seconds);
    const { series } = JSON.parse(body.toString()) as { series: Record<string, (number | null)[]> };
    return (series['breakersOpen'] ?? []).some((value) => value !== null && value > 0);
  });
  // Bars on top of one another have each their own colour: those of a store, and none of what has not been refused.
  await until(async () => (await pixelsOf(page, 'Failures', '--failed')) > 20);
  expect(await pixelsOf(page, 'Failures', '--source')).toBe(0);
  if (pictures !== undefined) {
    for (let more = 0; more < 600; more += 1) await ask();
    await page.screenshot({ path: join(pictures, 'dashboard-outage.png'), fullPage: true });
  }
  expect(spawnSync('umount', ['-l', disk]).status).toBe(0);
  await until(() => logHas('work again.'));
  await until(async () => (await server.get('/health')).status === 200);
}

it('A walk through a day goes as the page says', async () => {
  const environment = { IMAGE_SERVER_CONFIG: join(place.path, 'server.yaml'), ENDPOINT_API_SECRET: SECRET };
  const server = await startServer({ environment });
  const commands = await commandsOf('docs/walk-through.md');
  expect(commands).toHaveLength(9);
  for (const { line, answer } of commands) {
    expect([line, steady(await run(line, server))]).toEqual([line, steady(answer)]);
    if (line.startsWith('for ')) expect(await entriesOf(server)).toBeLessThanOrEqual(40);
    for (const picture of PICTURES.filter(({ after }) => line.startsWith(after))) await makePicture(server, picture);
    if (line.startsWith('CACHE_')) expect(await entriesOf(server)).toBeLessThanOrEqual(20);
  }
  expect(await entriesOf(server)).toBe(0);
  if (MAY_MOUNT) await failTheDisk(server);
});
