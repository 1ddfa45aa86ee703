import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { until } from '../support/async.js';
import { DESKTOP, startBrowser } from '../support/browser.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { cachingIn, startServer, type RunningServer } from '../support/image-server.js';
import { makeSamples, SAMPLES, SAMPLING } from '../support/samples.js';

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

let directory: TestDirectory;
let server: RunningServer;
let browser: Browser;

beforeAll(async () => {
  makeSamples();
  directory = await makeDirectory(DISK);
  server = await startServer({ environment: cachingIn(`${directory.path}/cache`, SAMPLES), isShared: true });
  browser = await startBrowser();
}, SAMPLING);

afterAll(async () => {
  await browser.close();
  await server.end();
  await directory.remove();
});

/** What a page complained of. */
const complaints: string[] = [];
const pages: Page[] = [];

afterEach(async () => {
  for (const page of pages.splice(0)) await page.context().close();
  complaints.length = 0;
});

async function open(path: string, options: BrowserContextOptions = DESKTOP): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  pages.push(page);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => {
    // A tile that is not wanted any more is given up.
    const reason = request.failure()?.errorText ?? '';
    if (reason !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${reason}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${server.url}/`) && !request.url().startsWith('blob:'))
      complaints.push(request.url());
  });
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  await page.goto(`${server.url}/${path}`);
  return page;
}

const screenshot = (page: Page, name: string): Promise<Buffer> =>
  page.screenshot({ path: `${process.env['SCREENSHOTS'] ?? directory.path}/${name}.png` });

/** Runs in the page: whether OpenSeadragon is where it goes to, and has all that it wants to draw there. */
const IS_SETTLED = `(() => {
  const viewer = OpenSeadragon.getViewer(document.querySelector('#canvas'));
  if (!viewer?.isOpen() || viewer.isAnimating()) return false;
  const { zoomSpring, centerSpringX, centerSpringY, degreesSpring } = viewer.viewport;
  if (![zoomSpring, centerSpringX, centerSpringY, degreesSpring].every((each) => each.isAtTargetValue())) return false;
  return viewer.world.getItemCount() > 0 && viewer.world.getItemAt(0).getFullyLoaded();
})()`;

/** Waits until OpenSeadragon has drawn all that it wants to draw. */
async function settled(page: Page): Promise<void> {
  await page.locator('#log li').first().waitFor();
  await until(async () => (await page.evaluate(IS_SETTLED)) === true);
}

/** Runs in the page, whose names are not those of this program. */
const COLOURS = `(() => {
  const canvas = document.querySelector('#canvas canvas');
  if (canvas === null) return 0;
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(width / 4, height / 4, width / 2, height / 2);
  return new Set(new Uint32Array(data.buffer)).size;
})()`;

/** How many different colours the middle of the view has; one when nothing is drawn. */
async function coloursOf(page: Page): Promise<number> {
  return Number(await page.evaluate(COLOURS));
}

const FITS = 'document.documentElement.scrollWidth <= innerWidth';
const ALL_LOADED = "[...document.querySelectorAll('.work img')].every((each) => each.classList.contains('is-loaded'))";

const scalesOf = async (page: Page): Promise<Set<string>> =>
  new Set((await page.locator('.log-what').allTextContents()).map((what) => what.split(' ')[0] ?? ''));

const totalOf = async (page: Page, answer: 'hit' | 'miss' | 'browser'): Promise<number> =>
  Number(await page.locator(`.total[data-answer=${answer}] dd`).textContent());

describe('The gallery', () => {
  it.each([
    ['on a desktop', DESKTOP],
    ['by night', { ...DESKTOP, colorScheme: 'dark' as const }],
    ['on a phone', PHONE],
  ])('shows all images of the source %s', async (name, options) => {
    const page = await open('', options);
    const works = page.locator('.work');
    await works.nth(6).waitFor();
    expect(await works.count()).toBe(7);
    await works.last().scrollIntoViewIfNeeded();
    await until(async () => (await page.evaluate(ALL_LOADED)) === true);
    expect(await page.evaluate(FITS)).toBe(true);
    expect(await page.locator('#count').textContent()).toBe('7 images');
    await page.evaluate('scrollTo(0, 0)');
    await screenshot(page, `gallery ${name}`);
    expect(complaints).toEqual([]);
  });

  it('is walked through with the keys, and comes back to where one was', async () => {
    const page = await open('');
    await page.locator('.work').nth(6).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.locator('#stage').waitFor();
    expect(await page.locator('#stage-title').textContent()).toBe('Dunes');
    await page.keyboard.press('Escape');
    await page.locator('#stage').waitFor({ state: 'hidden' });
    expect(await page.evaluate("document.activeElement.getAttribute('href')")).toBe('#/dunes.webp');
  });
});

describe('The viewer', () => {
  const zoomInAsFarAsItGoes = async (page: Page): Promise<void> => {
    await page.mouse.move(520, 300);
    for (let turn = 0; turn < 4; turn += 1) await page.mouse.wheel(0, -300);
    await settled(page);
    for (let press = 0; press < 8; press += 1) await page.keyboard.press('+');
    await until(async () => (await scalesOf(page)).has('1:1'));
    await settled(page);
  };

  it('zooms into a large image with wheel and keys, and tells hits from misses', async () => {
    const page = await open('');
    await page.locator('a[href="#/coast.tif"]').click();
    await settled(page);
    expect(await page.locator('#facts').textContent()).toContain('pyramid of 6');
    await until(async () => (await coloursOf(page)) > 100);
    expect(await totalOf(page, 'miss')).toBeGreaterThan(0);
    expect((await scalesOf(page)).has('1:1')).toBe(false);
    await screenshot(page, 'viewer');

    await zoomInAsFarAsItGoes(page);
    expect(await coloursOf(page)).toBeGreaterThan(100);
    expect(await page.locator('#log [data-answer=failed]').count()).toBe(0);
    expect(page.url()).toMatch(/#\/coast\.tif\?region=-?\d+,-?\d+,\d+,\d+$/);
    await screenshot(page, 'viewer zoomed');
    expect(complaints).toEqual([]);

    const another = await open('#/coast.tif');
    await settled(another);
    await until(async () => (await coloursOf(another)) > 100);
    expect([await totalOf(another, 'miss'), await totalOf(another, 'browser')]).toEqual([0, 0]);
    expect(await totalOf(another, 'hit')).toBeGreaterThan(3);
    await another.reload();
    await settled(another);
    await until(async () => (await totalOf(another, 'browser')) > 3);
    expect(complaints).toEqual([]);
  }, 300_000);

  it('shows the part of an image that a link names', async () => {
    const page = await open('#/maps%2Fisland.jpg?region=1000,1000,200,200');
    await settled(page);
    await until(async () => (await scalesOf(page)).has('1:1'));
    expect(await page.title()).toBe('Island – Collection');
    await page.locator('#whole').click();
    await page.locator('#rotate').click();
    await settled(page);
    await screenshot(page, 'viewer by link');
    expect(complaints).toEqual([]);
  });

  it.each(['portrait.jpg', 'emblem.png'])('fits a phone, with %s', async (identifier) => {
    const page = await open(`#/${identifier}`, PHONE);
    await settled(page);
    await until(async () => (await coloursOf(page)) > 100);
    expect(await page.evaluate(FITS)).toBe(true);
    await screenshot(page, `viewer on a phone with ${identifier}`);
    await page.locator('#panel-toggle').click();
    await page.locator('#panel').waitFor({ state: 'hidden' });
    expect(complaints).toEqual([]);
  });

  it('says why an image cannot be shown', async () => {
    const page = await open('#/nothing.tif');
    await page.locator('#stage-message').waitFor();
    expect(await page.locator('#stage-reason').textContent()).toBe('There is no image nothing.tif.');
    await screenshot(page, 'viewer without image');
    await page.locator('#stage-message a').click();
    await page.locator('.work').first().waitFor();
    expect(await page.locator('#stage').isHidden()).toBe(true);
  });

  it('allows nothing that does not come from the server, and nothing inline', async () => {
    const { headers } = await server.get('/');
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  });
});
