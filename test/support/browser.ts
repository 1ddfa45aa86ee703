import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** Without what a browser says to its maker. */
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const DESKTOP = { viewport: { width: 1440, height: 900 } };
export const NIGHT = { ...DESKTOP, colorScheme: 'dark' as const };
export const PHONE = { viewport: { width: 380, height: 800 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

/** Starts Debian's Chromium; whoever calls this closes it. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGUMENTS });
}

/** A page with all that it complained of. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of the page, requests to other servers, and answers that are errors. */
  readonly complaints: string[];
}

/** Opens a page of a server, and nothing else. */
export async function openWatched(browser: Browser, url: string, options: BrowserContextOptions): Promise<WatchedPage> {
  const page = await (await browser.newContext(options)).newPage();
  const complaints: string[] = [];
  const { origin } = new URL(url);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(request.url());
  });
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  await page.goto(url);
  return { page, complaints };
}
