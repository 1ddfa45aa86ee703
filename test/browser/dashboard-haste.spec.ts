import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Prefetcher } from 'nestjs-image-cache';
import type { Browser, Page } from 'playwright-core';
import { adminApp, cacheImages } from '../support/admin-app.js';
import { deferred, eventually } from '../support/async.js';
import { startBrowser, type WatchedPage } from '../support/browser.js';
import { openDashboard, said } from '../support/dashboard-page.js';
import { startApp, type TestApp } from '../support/test-app.js';

describe('The dashboard in a browser, for who is faster than the server', () => {
  let browser: Browser;
  let app: TestApp;
  const open: WatchedPage[] = [];

  beforeAll(async () => {
    browser = await startBrowser();
  });

  afterAll(() => browser.close());

  beforeEach(async () => {
    app = await startApp('fastify', adminApp());
  });

  afterEach(async () => {
    for (const { page } of open.splice(0)) await page.context().close();
    await app.close();
  });

  async function show(hash = ''): Promise<WatchedPage> {
    const watched = await openDashboard({ browser, port: app.port, hash });
    open.push(watched);
    return watched;
  }

  async function showJobs(count: number): Promise<WatchedPage> {
    const queue = app.nest.get(Prefetcher);
    for (let index = 0; index < count; index += 1) await queue.enqueue({ identifier: nameOf(index) });
    const watched = await show('#jobs');
    await watched.page.locator('#jobs').scrollIntoViewIfNeeded();
    await watched.page.locator('#jobs tbody tr').first().waitFor();
    return watched;
  }

  const nameOf = (index: number): string => `new-${String(index).padStart(2, '0')}`;

  /** Holds requests back until it is called. */
  async function hold(page: Page, path: RegExp): Promise<() => void> {
    const gate = deferred();
    await page.route(path, async (route) => {
      await gate.promise;
      await route.continue();
    });
    return () => {
      gate.resolve();
    };
  }

  /** Waits until the page has had the time to take in what was answered before. */
  const settle = (page: Page): Promise<void> => page.evaluate("fetch('/admin/status').then((answer) => answer.text())");

  it('does once what is pressed twice', async () => {
    const { page, complaints } = await showJobs(2);
    const release = await hold(page, /queue\/new-00$/);
    await page.locator('tr[data-job="new-00"] button', { hasText: 'Cancel' }).dblclick();
    release();
    await said(page, /new-00 is out of the queue/);
    await page.locator('tr[data-job="new-00"]').waitFor({ state: 'detached' });
    await settle(page);
    expect(await page.locator('#result').innerText()).toBe('new-00 is out of the queue.');
    expect(complaints).toEqual([]);
  });

  it('goes one page further, however often that is pressed before it is there', async () => {
    const { page } = await showJobs(60);
    const release = await hold(page, /queue\?.*after=/);
    await page.locator('#jobs-foot button', { hasText: 'Next page' }).dblclick();
    release();
    await eventually(async () => {
      expect(await page.locator('#jobs tbody tr td:first-child').first().innerText()).toBe(nameOf(25));
    });
    expect(await page.locator('#jobs-note').innerText()).toBe('26 to 50 of 60.');
    await page.locator('#jobs-foot button', { hasText: 'Page before' }).click();
    await eventually(async () => {
      expect(await page.locator('#jobs-note').innerText()).toBe('1 to 25 of 60.');
    });
  });

  it('shows of a question what that one would do, not what an earlier one would', async () => {
    await cacheImages(app.cache, ['a']);
    const { page, complaints } = await show();
    const releaseSweep = await hold(page, /actions\/sweep\?dryRun/);
    const releasePurge = await hold(page, /target=all&dryRun/);
    await page.locator('#cleaning button:text-is("Sweep")').click();
    await page.locator('#dialog-cancel').click();
    await page.locator('[data-target=all]').click();
    releaseSweep();
    await settle(page);
    expect(await page.locator('#dialog-preview').innerText()).toMatch(/^Looking/);
    expect(await page.locator('#dialog-ok').isDisabled()).toBe(true);
    releasePurge();
    await page.locator('#dialog-ok:enabled').waitFor();
    expect(await page.locator('#dialog-preview').innerText()).toMatch(/Variants\s+1/);
    expect(complaints).toEqual([]);
  });

  it('stays at the image that one has opened since', async () => {
    await cacheImages(app.cache, ['a']);
    const { page } = await show('#image/b');
    const release = await hold(page, /cache\/b$/);
    await page.locator('#warm:text-is("Warm")').waitFor();
    await page.locator('#warm').click();
    await page.locator('#search-text').fill('a');
    await page.keyboard.press('Enter');
    await page.locator('#image h3:text-is("a")').waitFor();
    release();
    await said(page, /^b: queued/);
    await settle(page);
    await settle(page);
    expect(await page.locator('#image h3').innerText()).toBe('a');
    expect(await page.evaluate('document.activeElement.id')).toBe('search-text');
  });

  it('stays with what is being done until it is done', async () => {
    await cacheImages(app.cache, ['a']);
    const { page } = await show();
    const release = await hold(page, /target=variants$/);
    await page.locator('[data-target=variants]').click();
    await page.locator('#dialog-ok:enabled').click();
    for (let press = 0; press < 3; press += 1) await page.keyboard.press('Escape');
    await settle(page);
    expect(await page.locator('#dialog').isVisible()).toBe(true);
    expect(await page.locator('#dialog-cancel').isDisabled()).toBe(true);
    release();
    await said(page, /^Purge variants: Variants 1/);
    await page.locator('#dialog').waitFor({ state: 'hidden' });
    await page.locator('[data-target=infos]').click();
    expect(await page.locator('#dialog-cancel').isEnabled()).toBe(true);
  });
});
