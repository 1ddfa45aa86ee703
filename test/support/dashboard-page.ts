import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { SECRET } from './admin-app.js';
import { until } from './async.js';
import { DESKTOP, openWatched, type WatchedPage } from './browser.js';

/** Whose dashboard is opened, and how. */
export interface Opening {
  readonly browser: Browser;
  readonly port: number;
  /** @default those of a large screen */
  readonly options?: BrowserContextOptions;
  /** @default none */
  readonly hash?: string;
}

/** Opens the dashboard of an application that `ada` manages, and waits until it is told what happens. */
export async function openDashboard({ browser, port, options = DESKTOP, hash = '' }: Opening): Promise<WatchedPage> {
  const httpCredentials = { username: 'ada', password: SECRET };
  const watched = await openWatched(browser, `http://127.0.0.1:${port}/admin${hash}`, { ...options, httpCredentials });
  await watched.page.locator('#status[data-state=live]').waitFor();
  return watched;
}

/** Waits until the page says what came of something. */
export async function said(page: Page, text: RegExp): Promise<void> {
  await page.locator('#message.is-shown').waitFor();
  await until(async () => text.test((await page.locator('#result').textContent()) ?? ''));
}

/** Presses a button, looks at what it would do, and lets it do it. */
export async function confirm(page: Page, button: string): Promise<void> {
  await page.locator(button).click();
  await page.locator('#dialog-preview .facts').waitFor();
  await page.locator('#dialog-ok:enabled').click();
  await page.locator('#dialog').waitFor({ state: 'hidden' });
}

/** Whether something reaches out of the side of the page, or of the box that it is in. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate(`document.documentElement.scrollWidth > innerWidth ||
    [...document.querySelectorAll('.card, .image, .tabular, table')].some((each) => each.scrollWidth > each.clientWidth + 1)`);
}
