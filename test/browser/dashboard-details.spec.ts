import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CacheWorker, heapStore } from 'nestjs-image-cache';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { adminApp, cacheImages } from '../support/admin-app.js';
import { eventually } from '../support/async.js';
import { DESKTOP, PHONE, startBrowser, type WatchedPage } from '../support/browser.js';
import { confirm, openDashboard, overflows, said } from '../support/dashboard-page.js';
import { failing } from '../support/failing-store.js';
import { startApp, type TestApp } from '../support/test-app.js';

/** Variants of which each is larger than the one before. */
const VARIANTS = Array.from({ length: 45 }, (_, index) => 'x'.repeat(index + 1));

const { store, chaos } = failing(heapStore());

describe('What the dashboard tells in a browser', () => {
  let browser: Browser;
  let app: TestApp;
  const open: WatchedPage[] = [];

  beforeAll(async () => {
    browser = await startBrowser();
    app = await startApp('fastify', adminApp({ cache: { variant: { store } } }));
    await cacheImages(app.cache, ['a'], VARIANTS);
  });

  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  afterEach(async () => {
    for (const { page } of open.splice(0)) await page.context().close();
  });

  async function show(options: BrowserContextOptions = DESKTOP, hash = ''): Promise<WatchedPage> {
    const watched = await openDashboard({ browser, port: app.port, options, hash });
    open.push(watched);
    return watched;
  }

  /** Runs a module of the page in the page. */
  const told = (page: Page, file: string, call: string): Promise<string> =>
    page.evaluate(`import('/admin/assets/${file}').then((module) => module.${call}.replaceAll('\\u00a0', ' '))`);

  it.each([
    ['a large screen', DESKTOP],
    ['a phone', PHONE],
  ])('shows on %s all entries of an image, in the order that one chooses', async (_, options) => {
    const { page, complaints } = await show(options, '#image/a');
    const names = (): Promise<string[]> => page.locator('#image .operations').allInnerTexts();
    const next = page.locator('#image button', { hasText: 'Next page' });
    await page.locator('#image input[value=size]').check();
    expect(await names()).toEqual(['Info', ...VARIANTS.toReversed().slice(0, 19)]);
    expect(await page.locator('#image .entries .figure-note').innerText()).toBe('Entries 1 to 20 of 46.');
    expect(await overflows(page)).toBe(false);
    await next.click();
    await next.click();
    expect(await names()).toEqual(VARIANTS.toReversed().slice(39));
    expect(await next.isHidden()).toBe(true);
    await page.locator('#image input[value=lastAccess]').check();
    const times = await page.locator('#image tbody tr td:nth-child(4) time').all();
    const used: number[] = [];
    for (const time of times.slice(1)) used.push(Date.parse((await time.getAttribute('datetime')) ?? ''));
    expect(used).toHaveLength(19);
    expect(used).toEqual(used.toSorted((one, other) => other - one));
    expect(complaints).toEqual([]);
  });

  it.each([
    ['a large screen', DESKTOP],
    ['a phone', PHONE],
  ])('tells on %s of the last shifts of the worker, and what failed in them', async (_, options) => {
    const worker = app.nest.get(CacheWorker);
    await worker.runShift();
    chaos().fail('entries', new Error('The disk of the cache is away.'));
    await worker.runShift();
    chaos().heal();
    await worker.runShift();
    const { page, complaints } = await show(options);
    const shifts = page.locator('.shift');
    await eventually(async () => {
      expect(await shifts.count()).toBe(worker.shifts.length);
    });
    for (const shift of await shifts.all())
      if ((await shift.getAttribute('open')) === null) await shift.locator('summary').click();
    expect(await shifts.nth(1).locator('summary').innerText()).toMatch(
      /took[\s\S]*examined[\s\S]*1 failed[\s\S]*trouble/,
    );
    expect(await shifts.nth(1).locator('tbody tr').first().innerText()).toMatch(
      /expired[\s\S]*The disk of the cache is away/,
    );
    expect(await shifts.first().locator('tbody tr').count()).toBe(8);
    expect(await overflows(page)).toBe(false);
    expect(complaints).toEqual([]);
  });

  it('says what came of a button where one looks, until it is closed', async () => {
    const { page } = await show();
    await confirm(page, '#cleaning button:text-is("Sweep")');
    await said(page, /^Sweep: /);
    const box = await page.locator('#message').boundingBox();
    expect(box?.y).toBeGreaterThan(0);
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(DESKTOP.viewport.height);
    await page.locator('#message-close').click();
    await page.locator('#message:not(.is-shown)').waitFor();
  });

  it('has one clock of 24 hours, whatever that of the browser', async () => {
    const { page } = await show({ ...DESKTOP, locale: 'en-US', timezoneId: 'America/New_York' });
    await app.cache.evict('nothing');
    app.cache.tell('background-failed', { what: 'a thing', error: new Error('went wrong') });
    await page.locator('#log time').first().waitFor();
    expect(await page.locator('#log time').first().innerText()).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(await told(page, 'clock.js', "timeOf('2020-01-02T18:03:00Z')")).toBe('2 Jan, 13:03');
    expect(await told(page, 'clock.js', "axisTime(Date.parse('2020-01-02T05:03:00Z'), 60)")).toBe('00:03');
    expect(await page.locator('#about').innerText()).toMatch(/, running for \d+.(s|min)/);
  });

  it('has one line for what fails again, whatever the error says', async () => {
    const { page } = await show();
    const lines = page.locator('#log li', { hasText: 'a task failed' });
    for (const reason of ['no disk', 'no memory', 'no time']) {
      app.cache.tell('background-failed', { what: 'a task', error: new Error(reason) });
      await lines.filter({ hasText: reason }).waitFor();
    }
    expect(await lines.locator('.log-text').allInnerTexts()).toEqual(['a task failed: no time']);
    expect(await lines.locator('.log-times').allInnerTexts()).toEqual(['3 times']);
  });

  it('tells of what is, not of what was before the server was started again or configured by another hand', async () => {
    const { port } = app;
    await app.nest.get(CacheWorker).runShift();
    const { page } = await show();
    await page.locator('.shift').first().waitFor();
    expect(await page.locator('#hot').isHidden()).toBe(true);
    await app.close();
    await page.locator('#status[data-state=lost]').waitFor();
    app = await startApp('fastify', adminApp({ port, cache: { variant: { store, hot: '2MB' } } }));
    const shown = async (hot: string): Promise<void> => {
      await eventually(async () => {
        expect(await page.locator('#hot').inputValue()).toBe(hot);
      });
    };
    await shown('2MB');
    await page.locator('#shifts-empty').waitFor();
    expect(await page.locator('.shift').count()).toBe(0);
    await page.locator('#worker-on').check();
    app.cache.configure({ hot: '1MB' });
    await shown('1MB');
    expect(await page.locator('#worker-on').isChecked()).toBe(true);
    await page.locator('#hot').fill('3MB');
    await page.locator('#worker-on').uncheck();
    await page.locator('#settings button').click();
    await said(page, /^Changed: hot/);
    expect(app.cache.stats().hot?.maxSize).toBe(3 * 1024 * 1024);
  }, 60_000);

  it('says in words when it will be full', async () => {
    const { page } = await show({ ...DESKTOP, timezoneId: 'UTC' });
    await page.clock.setFixedTime('2026-11-27T10:00:00Z');
    const of = (fullAt: string): Promise<string> =>
      told(page, 'forecast.js', `bytesForecast({ perDay: 3 * 1024 ** 3, fullAt: '${fullAt}' }, 1)`);
    expect(await of('2026-11-29T13:48:00Z')).toBe('Grows by 3 GB a day: full on Sunday about 14:00 (in 2 days).');
    expect(await of('2026-11-27T12:34:00Z')).toBe('Grows by 3 GB a day: full today about 12:30 (in 3 h).');
    expect(await of('2026-11-27T23:48:00Z')).toBe('Grows by 3 GB a day: full tomorrow about 00:00 (in 14 h).');
    expect(await of('2027-01-02T01:00:00Z')).toBe('Grows by 3 GB a day: full on 2 January (in 36 days).');
    expect(await told(page, 'forecast.js', 'entriesForecast({ perDay: 1200.4 }, 5000)')).toBe(
      'Grows by 1,200 entries a day; the bound is not to be seen from here.',
    );
    expect(await told(page, 'forecast.js', 'entriesForecast(undefined, 5000)')).toMatch(
      /needs an hour without a purge/,
    );
  });

  it('draws no line across a time in which there was nothing', async () => {
    const { page } = await show();
    const values = [...Array<number>(30).fill(10), ...Array<null>(30).fill(null), ...Array<number>(30).fill(10)];
    const start = new Date(Math.floor(Date.now() / 10_000) * 10_000 - 900_000).toISOString();
    const series = { rss: values.map(() => 1), 'latency.hit.p50': values };
    const history = { now: start, start, step: 10, processes: 1, forecast: {}, series, top: [], notices: [] };
    await page.route(/\/history\?/, (route) => route.fulfill({ json: history }));
    await page.locator('#ranges input[value="900"]').check();
    const thirds = (): Promise<number[]> => told(page, 'palette.js', `colour('--hit')`).then((hex) => inked(page, hex));
    await eventually(async () => {
      const [first = 0, middle, last = 0] = await thirds();
      expect([first > 20, middle, last > 20]).toEqual([true, 0, true]);
    });
  });

  /** How many pixels of the latencies of hits have a colour, in the first, the middle and the last part of the time. */
  const inked = (page: Page, hex: string): Promise<number[]> =>
    page.evaluate(`(() => {
      const figure = [...document.querySelectorAll('figure')].find((each) => each.textContent.startsWith('Latency of hits'));
      const canvas = figure.querySelector('canvas');
      const { left, width } = figure.querySelector('.u-over').getBoundingClientRect();
      const offset = left - canvas.getBoundingClientRect().left;
      const wanted = [1, 3, 5].map((at) => Number.parseInt('${hex}'.slice(at, at + 2), 16));
      return [[0.02, 0.3], [0.37, 0.63], [0.7, 0.98]].map(([from, to]) => {
        const { data } = canvas.getContext('2d').getImageData(offset + from * width, 0, (to - from) * width, canvas.height);
        let count = 0;
        for (let at = 0; at < data.length; at += 4) if (wanted.every((value, part) => data[at + part] === value)) count += 1;
        return count;
      });
    })()`);
});
