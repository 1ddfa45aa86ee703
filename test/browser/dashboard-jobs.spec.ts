import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { heapStore, Prefetcher, type VariantRenderer } from 'nestjs-image-cache';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { adminApp } from '../support/admin-app.js';
import { deferred, eventually, type Deferred } from '../support/async.js';
import { DESKTOP, PHONE, startBrowser, type WatchedPage } from '../support/browser.js';
import { openDashboard, overflows, said } from '../support/dashboard-page.js';
import { startApp, type TestApp } from '../support/test-app.js';

/** A picture that cannot be made, whoever tries. */
class NoPicture extends Error {
  readonly status = 422;
}

describe('The list of jobs in a browser', () => {
  let browser: Browser;
  let app: TestApp;
  let queue: Prefetcher;
  let gate: Deferred;
  let isDown: boolean;
  const open: WatchedPage[] = [];

  /** Slow ones wait for the gate, bad ones are no pictures, and the others come unless their source is down. */
  const renderer: VariantRenderer = {
    render: async ({ identifier }) => {
      if (identifier.startsWith('slow')) await gate.promise;
      if (identifier.startsWith('bad')) throw new NoPicture('This is no picture.');
      if (isDown) throw new Error('The disk of the originals is away.');
      return { body: Buffer.from(identifier), contentType: 'image/jpeg' };
    },
  };

  beforeAll(async () => {
    browser = await startBrowser();
  });

  afterAll(() => browser.close());

  beforeEach(async () => {
    gate = deferred();
    isDown = false;
    app = await startApp('fastify', adminApp({ cache: { renderer, variant: { store: heapStore() } } }));
    queue = app.nest.get(Prefetcher);
  });

  afterEach(async () => {
    gate.resolve();
    for (const { page } of open.splice(0)) await page.context().close();
    await app.close();
  });

  async function show(options: BrowserContextOptions = DESKTOP): Promise<WatchedPage> {
    const watched = await openDashboard({ browser, port: app.port, options, hash: '#jobs' });
    open.push(watched);
    await watched.page.locator('#jobs').scrollIntoViewIfNeeded();
    return watched;
  }

  const enqueue = async (...identifiers: string[]): Promise<void> => {
    for (const identifier of identifiers) await queue.enqueue({ identifier });
  };

  const textOf = (page: Page, identifier: string): Promise<string> =>
    page.locator(`tr[data-job="${identifier}"]`).innerText();

  const shown = (page: Page): Promise<string[]> => page.locator('#jobs-list tbody tr td:first-child').allInnerTexts();

  it.each([
    ['a large screen', DESKTOP],
    ['a phone', PHONE],
  ])('tells on %s what is done, what waits for another try, and what was given up, as it goes', async (_, options) => {
    isDown = true;
    await enqueue('bad-1', 'late-1');
    await queue.run();
    await enqueue('slow-1', 'new-1');
    const running = queue.run();
    const { page, complaints } = await show(options);
    await eventually(async () => {
      expect(await shown(page)).toEqual(['slow-1', 'late-1', 'new-1', 'bad-1']);
      expect(await textOf(page, 'slow-1')).toMatch(/running[\s\S]*0 of 1/);
      expect(await textOf(page, 'late-1')).toMatch(
        /to be tried again[\s\S]*1[\s\S]*in [\s\S]*The disk of the originals/,
      );
      expect(await textOf(page, 'bad-1')).toMatch(/given up[\s\S]*This is no picture/);
    });
    expect(await overflows(page)).toBe(false);
    isDown = false;
    gate.resolve();
    await running;
    await eventually(async () => {
      expect(await shown(page)).toEqual(['late-1', 'bad-1']);
    });
    expect(complaints).toEqual([]);
  });

  it('retries one, and all that have failed', async () => {
    isDown = true;
    await enqueue('bad-1', 'bad-2', 'late-1');
    await queue.run();
    await queue.pause();
    isDown = false;
    const { page } = await show();
    await page.locator('tr[data-job="bad-2"] button', { hasText: 'Retry' }).click();
    await said(page, /bad-2 is queued anew/);
    await eventually(async () => {
      expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toMatch(
        /^Retry|^Cancel|^Remove/,
      );
    });
    expect(await queue.find('bad-2')).toMatchObject({ state: 'queued', attempts: 0 });
    expect(await queue.find('bad-1')).toMatchObject({ state: 'dead' });
    expect(await page.locator('tr[data-job="bad-1"] button').allInnerTexts()).toEqual(['Retry', 'Remove']);
    await page.locator('#retry-all').click();
    await said(page, /2 jobs queued anew/);
    for (const identifier of ['bad-1', 'late-1'])
      expect(await queue.find(identifier)).toMatchObject({ state: 'queued', attempts: 0 });
    await page.locator('#retry-all').waitFor({ state: 'hidden' });
    await eventually(async () => {
      expect(await page.evaluate('document.activeElement.name')).toBe('jobs-state');
    });
  });

  it('cancels one that waits and one that runs, and keeps the focus in the list', async () => {
    await enqueue('slow-1', 'new-1', 'new-2');
    const running = queue.run();
    const { page, complaints } = await show();
    await page.locator('tr[data-job="new-1"] button', { hasText: 'Cancel' }).focus();
    await page.keyboard.press('Enter');
    await said(page, /new-1 is out of the queue/);
    expect(await queue.find('new-1')).toBeUndefined();
    await eventually(async () => {
      expect(await page.evaluate('document.activeElement.closest("tr")?.dataset.job')).toBe('new-2');
    });
    await page.locator('tr[data-job="slow-1"] button', { hasText: 'Cancel' }).click();
    await said(page, /slow-1 is out of the queue/);
    expect(await queue.find('slow-1')).toBeUndefined();
    await page.locator('tr[data-job="new-2"] button', { hasText: 'Cancel' }).click();
    await eventually(async () => {
      expect(await page.locator('#jobs-note').innerText()).toBe('The queue is empty.');
      expect(await page.evaluate('document.activeElement.name')).toBe('jobs-state');
    });
    gate.resolve();
    await running;
    expect(complaints).toEqual([]);
  });

  it('leads to the image of a job, as often as one likes', async () => {
    await enqueue('new-1');
    const { page } = await show(PHONE);
    const isSeen = (): Promise<boolean> =>
      page.evaluate(`(() => {
        const { top, bottom } = document.activeElement.getBoundingClientRect();
        return document.activeElement.matches('#image h3') && top >= 0 && bottom <= innerHeight;
      })()`);
    for (let round = 0; round < 2; round += 1) {
      await page.locator('tr[data-job="new-1"] a').click();
      await eventually(async () => {
        expect(await isSeen()).toBe(true);
      });
      expect(await page.locator('#image h3').innerText()).toBe('new-1');
    }
  });

  it('goes through pages and states', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `new-${String(index).padStart(2, '0')}`);
    await enqueue('bad-1', 'bad-2');
    await queue.run();
    await queue.pause();
    await enqueue(...names);
    const { page } = await show();
    const note = async (text: string): Promise<void> => {
      await eventually(async () => {
        expect(await page.locator('#jobs-note').innerText()).toBe(text);
      });
    };
    await note('1 to 25 of 62.');
    await page.locator('#jobs-foot button', { hasText: 'Next page' }).click();
    await note('26 to 50 of 62.');
    expect(await shown(page)).toEqual(names.slice(25, 50));
    await page.locator('#jobs-foot button', { hasText: 'Next page' }).press('Enter');
    await note('51 to 62 of 62.');
    // The next page is not offered any more: the focus is on the other button.
    await page.keyboard.press('Enter');
    await note('26 to 50 of 62.');
    await page.keyboard.press('Enter');
    await note('1 to 25 of 62.');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Next page');
    await page.locator('#jobs-states input[value=dead]').check();
    await note('1 to 2 of 2.');
    expect(await shown(page)).toEqual(['bad-1', 'bad-2']);
    await page.locator('#jobs-states input[value=running]').check();
    await note('There is no such job.');
    await page.locator('#jobs-states input[value=queued]').check();
    await note('1 to 25 of 60.');
    await page.locator('#jobs-foot button', { hasText: 'Next page' }).click();
    await note('26 to 50 of 60.');
    // From a page that has become empty, it goes back by itself.
    for (const name of names.slice(10)) await queue.remove(name);
    await note('1 to 10 of 10.');
  });
});
