import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Prefetcher } from 'nestjs-image-cache';
import type { Browser, Page } from 'playwright-core';
import { adminApp } from '../support/admin-app.js';
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
});
