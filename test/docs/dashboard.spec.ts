import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { eventually, until } from '../support/async.js';
import { openWatched, startBrowser } from '../support/browser.js';
import { overflows } from '../support/dashboard-page.js';
import { makeDirectory, type TestDirectory } from '../support/directories.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { makeSamples, SAMPLES, SAMPLING } from '../support/samples.js';

const SECRET = 'correct-horse';

const AUTHORIZATION = { Authorization: `Basic ${Buffer.from(`admin:${SECRET}`).toString('base64')}` };

/** Where the pictures of the page go, when they are to be made anew; they show so many minutes of load. */
const { DOCS_IMAGES: pictures, DOCS_MINUTES = '8' } = process.env;
const MINUTE = 60_000;
const LOAD = pictures === undefined ? 0 : Number(DOCS_MINUTES) * MINUTE;

const CHOSEN = [
  'coast.tif',
  'valley.tif',
  'harbour.jpg',
  'maps/island.jpg',
  'portrait.jpg',
  'dunes.webp',
  'emblem.png',
];
const WIDTHS = [100, 160, 200, 300, 400, 600];
const PLATES = Array.from({ length: 44 }, (_, index) => `atlas/plate-${String(index + 1).padStart(2, '0')}.jpg`);
const NO_PICTURES = ['atlas/cover.jpg', 'atlas/legend.jpg'];

const DAY = { viewport: { width: 1280, height: 1240 } };
const NIGHT = { ...DAY, colorScheme: 'dark' as const };
const PHONE = { viewport: { width: 390, height: 1100 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

let directory: TestDirectory;
let browser: Browser;
let server: RunningServer;

beforeAll(makeSamples, SAMPLING);

beforeAll(async () => {
  directory = await makeDirectory();
  const source = join(directory.path, 'source');
  const place = async (name: string): Promise<string> => {
    await mkdir(dirname(join(source, name)), { recursive: true });
    return join(source, name);
  };
  const sampleAt = (index: number): string => join(SAMPLES, CHOSEN[index % 5] ?? '');
  for (const name of CHOSEN) await writeFile(await place(name), await readFile(join(SAMPLES, name)));
  for (const [index, name] of PLATES.entries())
    await sharp(sampleAt(index))
      .autoOrient()
      .resize(1200)
      .jpeg()
      .toFile(await place(name));
  for (const name of NO_PICTURES) await writeFile(await place(name), 'This is no picture.');
  browser = await startBrowser();
  server = await startServer({
    isShared: true,
    environment: {
      ...cachingIn(join(directory.path, 'cache'), source),
      CACHE_SERVER_VARIANT_HOT_SIZE: '8MB',
      CACHE_SERVER_VARIANT_MAX_SIZE: '40MB',
      CACHE_SERVER_WORKER_ENABLED: 'true',
      CACHE_SERVER_WORKER_INITIAL_DELAY: '5',
      CACHE_SERVER_WORKER_INTERVAL: '90',
      CACHE_SERVER_PREFETCH_ENABLED: 'true',
      CACHE_SERVER_PREFETCH_INTERVAL: '0',
      CACHE_SERVER_PREFETCH_VARIANTS: '["full/400,/0/default.jpg", "tiles:0-3", "full/1200,/0/default.png"]',
      ENDPOINT_API_ENABLED: 'true',
      ENDPOINT_API_SECRET: SECRET,
    },
  });
}, 120_000);

afterAll(async () => {
  await browser.close();
  await server.end();
  await directory.remove();
});

/** Asks for pictures as people do who look at some more than at others, and zoom into one. */
async function look(isOver: () => boolean): Promise<void> {
  for (let turn = 1; !isOver(); turn += 1) {
    const name = encodeURIComponent(CHOSEN[Math.floor(CHOSEN.length * Math.random() ** 2)] ?? '');
    const width = WIDTHS[turn % WIDTHS.length] ?? 100;
    const [x, y] = [256 * Math.floor(18 * Math.random()), 256 * Math.floor(12 * Math.random())];
    const tile = `/iiif/3/coast.tif/${x},${y},256,256/256,256/0/default.jpg`;
    const whole = `/iiif/3/${name}/full/${width},/0/default.jpg`;
    const { status } = await server.get(turn % 40 === 0 ? '/iiif/3/gone/info.json' : turn % 3 === 0 ? tile : whole);
    expect(status).toBeLessThan(500);
    await pause(30 + 60 * Math.random());
  }
}

async function queue(names: readonly string[]): Promise<void> {
  for (const name of names)
    expect((await server.request('PUT', `/admin/cache/${encodeURIComponent(name)}`, AUTHORIZATION)).status).toBe(202);
}

const prefetch = (): Promise<unknown> => server.request('POST', '/admin/actions/prefetch', AUTHORIZATION);

async function open(options: BrowserContextOptions, hash = ''): Promise<Page> {
  const httpCredentials = { username: 'admin', password: SECRET };
  const { page } = await openWatched(browser, `${server.url}/admin${hash}`, { ...options, httpCredentials });
  await page.locator('#status[data-state=live]').waitFor();
  await page.locator('.plot canvas').first().waitFor();
  return page;
}

async function picture(what: Page | Locator, name: string): Promise<void> {
  if (pictures === undefined) return;
  const image = await what.screenshot();
  await sharp(image)
    .png({ palette: true, quality: 90 })
    .toFile(join(pictures, `dashboard-${name}.png`));
}

/** The names in the first column of the table of figures. */
async function describedFigures(): Promise<string[]> {
  const [, table = ''] = (await readFile('docs/dashboard.md', 'utf8')).split('## What the figures say');
  const names = [...(table.split('## ')[0] ?? '').matchAll(/^\| ([A-Z][\w ,]+?) +\|/gm)].map(([, name = '']) => name);
  return names.flatMap((name) => name.split(', '));
}

it(
  'The dashboard shows under load what its page says',
  async () => {
    await queue([...PLATES.slice(0, 30), ...NO_PICTURES]);
    const load = { isOver: false };
    const looking = Promise.all([1, 2].map(() => look(() => load.isOver)));
    await pause(LOAD / 3);
    await prefetch();
    await pause((LOAD * 2) / 3);

    const day = await open(DAY, '#image/coast.tif');
    // Pictures of sections have a margin.
    await day.evaluate(
      "for (const each of document.querySelectorAll('main > section')) each.style.paddingBlock = '1.5rem'",
    );
    await eventually(async () => {
      expect(
        (await day.locator('.figure:visible h3').allInnerTexts()).toSorted((one, other) => one.localeCompare(other)),
      ).toEqual((await describedFigures()).toSorted((one, other) => one.localeCompare(other)));
    });
    await day.locator('.image .operations').nth(5).waitFor();
    await day.locator('.work').last().scrollIntoViewIfNeeded();
    await until(async () => (await day.locator('.work img.is-loaded').count()) > 3);
    expect(await overflows(day)).toBe(false);
    await picture(day.locator('#images'), 'images');
    await day.locator('.shift tbody tr').first().waitFor();
    await picture(day.locator('.card:has(#shifts)'), 'shifts');

    await queue(PLATES.slice(30));
    const prefetching = prefetch();
    await day.locator('#jobs').scrollIntoViewIfNeeded();
    await day.locator('#jobs .badge.is-running').waitFor();
    await picture(day.locator('#jobs'), 'jobs');
    await picture(await open(DAY), 'light');
    await prefetching;
    await day.locator('#jobs').scrollIntoViewIfNeeded();
    await day.locator('#jobs .badge.is-dead').nth(1).waitFor();
    await picture(await open(NIGHT), 'dark');
    const phone = await open(PHONE);
    expect(await overflows(phone)).toBe(false);
    await picture(phone, 'phone');
    load.isOver = true;
    await looking;
  },
  LOAD + 4 * MINUTE,
);
