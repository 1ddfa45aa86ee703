import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOf } from '../../common/streams.js';
import type { DashboardOptions } from './dashboard-options.js';

/** The page and what belongs to it, beside the compiled code in the package. */
const FILES = fileURLToPath(new URL('../../../dashboard', import.meta.url));

const PAGE = 'index.html';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Only what comes from this server; scripts and styles only from files. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What the page and its files carry. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  /** SHA-256, base64url. */
  readonly digest: string;
}

/** The page, and its files by name. What is not among them is not looked for. */
export class DashboardPage {
  readonly #assets: ReadonlyMap<string, Asset>;
  readonly #template: string;

  constructor(options: DashboardOptions) {
    const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
    const own = readdirSync(FILES).filter((name) => name !== PAGE && extname(name) in TYPES);
    const paths = [
      ...own.map((name) => [name, join(FILES, name)] as const),
      ['uplot.js', join(uplot, 'uPlot.iife.min.js')] as const,
      ['uplot.css', join(uplot, 'uPlot.min.css')] as const,
    ];
    this.#assets = new Map(paths.map(([name, path]) => [name, assetOf(name, readFileSync(path))]));
    this.#template = withOptions(readFileSync(join(FILES, PAGE), 'utf8'), options);
  }

  asset(name: string): Asset | undefined {
    return this.#assets.get(name);
  }

  /**
   * The page as it is at an address: its files are found by the last segment of the path, since it may be served with a
   * slash at its end and without, and by a proxy under another path.
   */
  at(url: string): string {
    const [path = ''] = url.split('?', 1);
    const segment = path.slice(path.lastIndexOf('/') + 1);
    return this.#template.replaceAll('{{base}}', segment === '' ? '.' : `./${escaped(segment)}`);
  }
}

function assetOf(name: string, body: Buffer): Asset {
  return { type: TYPES[extname(name)] ?? 'application/octet-stream', body, digest: digestOf(body) };
}

function withOptions(
  page: string,
  { title = 'Image cache', thumbnail, variant, page: link }: DashboardOptions,
): string {
  const values = { title, thumbnail, variant, page: link };
  return Object.entries(values).reduce(
    (text, [name, value]) => text.replaceAll(`{{${name}}}`, escaped(value ?? '')),
    page,
  );
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
