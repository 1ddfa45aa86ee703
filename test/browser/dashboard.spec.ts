import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Header, Module, Param } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { CacheVariant, filesystemStore } from 'nestjs-image-cache';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { adminApp, CREDENTIALS, SECRET } from '../support/admin-app.js';
import { eventually, until } from '../support/async.js';
import { DESKTOP, NIGHT, PHONE, startBrowser, type WatchedPage } from '../support/browser.js';
import { confirm, openDashboard, overflows, said } from '../support/dashboard-page.js';
import { DISK, makeDirectory, type TestDirectory } from '../support/directories.js';
import { startApp, type TestApp } from '../support/test-app.js';

const COLOURS = ['#8a4f2d', '#2d6a8a', '#3f7d4e', '#7a3f7d', '#b08a2e', '#2e5fb0'];
const IDENTIFIERS = COLOURS.map((_, index) => `picture-${index}`);

@Controller('pictures')
class PicturesController {
  @Get(':id/:width')
  @CacheVariant({ namespace: '' })
  @Header('Content-Type', 'image/png')
  picture(@Param('id') id: string, @Param('width') width: string): Promise<Buffer> {
    const background = COLOURS[Number(id.split('-')[1])] ?? '#000000';
    return sharp({ create: { width: Number(width), height: Math.round(Number(width) * 0.7), channels: 3, background } })
      .png()
      .toBuffer();
  }
}

@Module({ controllers: [PicturesController] })
class PicturesModule {}

const DASHBOARD = { title: 'Pictures', thumbnail: '/pictures/{id}/160', page: '/pictures/{id}/400' };

describe('The dashboard in a browser', () => {
  let directory: TestDirectory;
  let browser: Browser;
  let app: TestApp;
  const open: WatchedPage[] = [];

  const start = (secret = SECRET, port = 0): Promise<TestApp> => {
    const admin = {
      auth: { username: 'ada', secret },
      dashboard: { ...DASHBOARD, historyDirectory: `${directory.path}/history` },
    };
    const store = filesystemStore({ directory: `${directory.path}/cache`, maxSize: '1MB' });
    return startApp(
      'fastify',
      adminApp({
        admin,
        port,
        cache: { variant: { store, hot: '1MB' }, worker: { interval: '1d', initialDelay: '1d' } },
        imports: [{ module: PicturesModule }, ScheduleModule.forRoot()],
      }),
    );
  };

  beforeAll(async () => {
    directory = await makeDirectory(DISK);
    browser = await startBrowser();
    app = await start();
    await ask();
    // The first span has ended then.
    await eventually(async () => {
      const { body } = await app.get('/admin/history?seconds=60', CREDENTIALS);
      expect(body.toString()).toContain('"served.hit"');
    });
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await app.close();
    await directory.remove();
  });

  afterEach(async () => {
    for (const { page } of open.splice(0)) await page.context().close();
  });

  /** Asks for all pictures twice: what was evicted is there again. */
  async function ask(): Promise<void> {
    for (const width of [160, 200, 200]) for (const id of IDENTIFIERS) await app.get(`/pictures/${id}/${width}`);
  }

  async function show(options: BrowserContextOptions = DESKTOP, hash = ''): Promise<WatchedPage> {
    const watched = await openDashboard({ browser, port: app.port, options, hash });
    open.push(watched);
    await watched.page.locator('.work').first().waitFor();
    return watched;
  }

  const screenshot = (page: Page, name: string): Promise<Buffer> =>
    page.screenshot({ path: `${process.env['SCREENSHOTS'] ?? directory.path}/dashboard ${name}.png`, fullPage: true });

  it.each([
    ['by day', DESKTOP],
    ['by night', NIGHT],
    ['on a phone', PHONE],
  ])(
    'draws what the cache does %s',
    async (name, options) => {
      const { page, complaints } = await show(options);
      await page.locator('.plot canvas').first().waitFor({ timeout: 20_000 });
      expect(await overflows(page)).toBe(false);
      expect(await page.locator('.figure:visible').count()).toBe(13);
      await page.locator('.work').last().scrollIntoViewIfNeeded();
      await until(async () => (await page.locator('.work img.is-loaded').count()) === IDENTIFIERS.length);
      await screenshot(page, name);
      expect(complaints).toEqual([]);
    },
    60_000,
  );

  it('shows the time that one chooses, and remembers it', async () => {
    const { page, complaints } = await show();
    for (const seconds of [900, 21_600, 172_800, 3600, 900]) {
      const asked = page.waitForResponse((response) => response.url().endsWith(`seconds=${seconds}`));
      await page.locator(`#ranges input[value="${seconds}"]`).check();
      expect((await asked).status()).toBe(200);
    }
    await page.reload();
    expect(await page.locator('#ranges input:checked').getAttribute('value')).toBe('900');
    expect(complaints).toEqual([]);
  });

  it('looks an image up, evicts it after asking, and warms it again', async () => {
    await ask();
    const { page, complaints } = await show();
    await page.locator('#search-text').fill('picture-1');
    await page.keyboard.press('Enter');
    await page.locator('#image tbody tr').nth(1).waitFor();
    expect(await page.locator('#image .facts').textContent()).toContain('cached');
    await screenshot(page, 'with an image');
    await page.locator('#evict').click();
    await page.locator('#dialog-preview .facts').waitFor();
    expect(await page.locator('#dialog-preview').textContent()).toMatch(/Variants2.*Space/);
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.activeElement.id')).toBe('evict');
    expect((await app.cache.entriesOf('picture-1')).length).toBe(2);
    await confirm(page, '#evict');
    await said(page, /Evicted picture-1/);
    expect(await app.cache.entriesOf('picture-1')).toEqual([]);
    expect(complaints.filter((each) => !each.includes('404'))).toEqual([]);
    await page.locator('#warm:text-is("Warm")').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('warm');
    await page.locator('#warm').click();
    await said(page, /queued for the prefetcher/);
    await ask();
    await page.locator('#search-text').press('Enter');
    await page.locator('#image tbody tr').nth(1).waitFor();
    await confirm(page, '#warm:text-is("Warm again")');
    await said(page, /evicted, and queued to be made anew/);
    await page.locator('#close-image').click();
    expect(await page.locator('#image').isHidden()).toBe(true);
  });

  it('says so when nothing is known of an image', async () => {
    const { page } = await show(DESKTOP, '#image/no%2Fsuch');
    await until(async () => /no\/such|nothing|not/i.test((await page.locator('#image').textContent()) ?? ''));
  });

  it('opens with an address that names no image', async () => {
    const { page, complaints } = await show(DESKTOP, '#image/%E0%A4');
    expect(await page.locator('#image').isHidden()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it.each(['Sweep', 'Prune', 'Clean'])('does it by hand: %s', async (label) => {
    const { page, complaints } = await show();
    await confirm(page, `#cleaning button:text-is("${label}")`);
    await said(page, new RegExp(`^${label}: `));
    expect(complaints).toEqual([]);
  });

  it.each(['variants', 'infos', 'queue', 'all'])('purges %s after a preview', async (target) => {
    await ask();
    const { page, complaints } = await show();
    await confirm(page, `[data-target=${target}]`);
    await said(page, /Purge|Empty/);
    if (['variants', 'all'].includes(target)) expect((await app.cache.usage()).variant.entries).toBe(0);
    // No originals are kept here.
    expect(await page.locator('[data-target=sources]').isHidden()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('keeps the focus inside of a dialog, and does nothing when it is cancelled', async () => {
    await ask();
    const { page } = await show();
    await page.locator('[data-target=all]').focus();
    await page.keyboard.press('Enter');
    await page.locator('#dialog-ok:enabled').waitFor();
    await screenshot(page, 'with a question');
    for (let press = 0; press < 5; press += 1) {
      await page.keyboard.press('Tab');
      expect(
        await page.evaluate('document.activeElement === document.body || dialog.contains(document.activeElement)'),
      ).toBe(true);
    }
    await page.locator('#dialog-cancel').click();
    await page.locator('#dialog').waitFor({ state: 'hidden' });
    expect(await page.evaluate('document.activeElement.dataset.target')).toBe('all');
    expect((await app.cache.usage()).variant.entries).toBeGreaterThan(0);
  });

  it('has the prefetcher work, pause and go on', async () => {
    const { page, complaints } = await show();
    await page.locator('#prefetch').click();
    await said(page, /^Prefetched /);
    await page.locator('#pause').click();
    await said(page, /is paused/);
    await page.locator('#pause:text-is("Go on")').click();
    await said(page, /goes on/);
    expect(complaints).toEqual([]);
  });

  it('changes settings, and says what is wrong with them', async () => {
    const { page, complaints } = await show();
    await page.locator('#settings button').click();
    await said(page, /Nothing is changed/);
    await page.locator('#hot').fill('2MB');
    await page.locator('#worker-on').uncheck();
    await page.locator('#settings button').click();
    await said(page, /Changed: .*hot.*worker|Changed: .*worker.*hot/);
    expect(app.cache.worker).toBeUndefined();
    expect(app.cache.stats().hot?.maxSize).toBe(2 * 1024 * 1024);
    expect(complaints).toEqual([]);
    await page.locator('#hot').fill('much');
    await page.locator('#settings button').click();
    await said(page, /hot: "much" is not/);
    app.cache.configure({ hot: '1MB', worker: { interval: '1d' } });
  });

  it('tells of what happens while one looks', async () => {
    const { page } = await show();
    await app.cache.evict('picture-0');
    app.cache.tell('background-failed', { what: 'a thing', error: new Error('went wrong') });
    await page.locator('#log li[data-level=warning]').first().waitFor();
    expect(await page.locator('#log').textContent()).toContain('a thing failed: went wrong');
  });

  it('says that the server is gone, or lets one in no more, and comes back by itself', async () => {
    const { page } = await show();
    const { port } = app;
    await app.close();
    await page.locator('#status[data-state=lost]').waitFor({ timeout: 20_000 });
    await until(async () => ((await page.locator('#banner').textContent()) ?? '').includes('cannot be reached'));
    await screenshot(page, 'without a server');
    app = await start('another secret', port);
    await until(async () => ((await page.locator('#banner').textContent()) ?? '').includes('not signed in'));
    await app.close();
    app = await start(SECRET, port);
    await page.locator('#status[data-state=live]').waitFor({ timeout: 20_000 });
    await page.locator('#banner').waitFor({ state: 'hidden' });
  }, 90_000);
});
