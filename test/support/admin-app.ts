import type { DynamicModule } from '@nestjs/common';
import {
  ImageCacheAdminModule,
  type ImageCacheAdminExtras,
  type ImageCacheAdminOptions,
} from 'nestjs-image-cache/admin';
import { heapStore, ImagePrefetchModule, type ImageCache, type VariantRenderer } from 'nestjs-image-cache';
import { next } from './async.js';
import type { Answer } from './http-client.js';
import { imageInfo } from './image-info.js';
import type { AppOptions, TestApp } from './test-app.js';

export const SECRET = 'correct horse';

export const CREDENTIALS = { Authorization: `Basic ${Buffer.from(`ada:${SECRET}`).toString('base64')}` };

/** What an application with an admin API is made of. */
export interface AdminSetup extends Omit<AppOptions, 'imports' | 'controllers'>, Omit<ImageCacheAdminExtras, 'cache'> {
  readonly admin?: ImageCacheAdminOptions;
  /** Whether there is a queue, in memory, that is worked off when somebody says so. @default true */
  readonly prefetcher?: boolean;
  readonly imports?: DynamicModule[];
}

/** Says what was asked for. */
const renderer: VariantRenderer = {
  render: ({ identifier, operations }) =>
    Promise.resolve({ body: Buffer.from(`${identifier} ${operations}`), contentType: 'image/jpeg' }),
};

/** The options of an application whose cache is managed by `ada`. */
export function adminApp(setup: AdminSetup = {}): AppOptions {
  const { admin = { auth: { username: 'ada', secret: SECRET } }, prefetcher = true } = setup;
  const { path, guards, galiaPaths, controllers, imports = [], cache = {}, ...rest } = setup;
  const extras = { path, guards, galiaPaths, controllers };
  const given = Object.fromEntries(Object.entries(extras).filter(([, value]) => value !== undefined));
  return {
    ...rest,
    cache: cache && { renderer, variant: { store: heapStore() }, info: {}, ...cache },
    imports: [
      ...imports,
      ...(prefetcher ? [ImagePrefetchModule.forRoot({ variants: ['jpg:max'], interval: '0' })] : []),
      ImageCacheAdminModule.register({ ...admin, ...given }),
    ],
  };
}

/** How a request is sent. */
export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is a text. */
  readonly body?: unknown;
  readonly from?: string;
  /** Without credentials. @default false */
  readonly isAnonymous?: boolean;
}

/** What came back. */
export interface Told {
  readonly status: number;
  readonly headers: Answer['headers'];
  /** The document; `undefined` without one. */
  readonly json: never;
}

/** Sends a request with credentials. */
export async function ask(app: Pick<TestApp, 'open'>, line: string, sent: Sent = {}): Promise<Told> {
  const [method = '', path = ''] = line.split(' ');
  const body = sent.body === undefined || typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body);
  const type =
    body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': `${Buffer.byteLength(body)}` };
  const asked = {
    method,
    headers: { ...(sent.isAnonymous === true ? {} : CREDENTIALS), ...type, ...sent.headers },
    ...(body !== undefined && { body }),
  };
  const answer = await app.open(path, { ...asked, ...(sent.from !== undefined && { from: sent.from }) }).answer;
  const text = answer.body.toString();
  return {
    status: answer.status,
    headers: answer.headers,
    json: (text === '' ? undefined : JSON.parse(text)) as never,
  };
}

/** Caches an info and a picture of each image. */
export async function cacheImages(
  cache: ImageCache,
  identifiers: readonly string[],
  operations = ['max'],
): Promise<void> {
  for (const identifier of identifiers) {
    const info = next(cache, 'stored');
    await cache.infos.getOrRead(identifier, () => Promise.resolve(imageInfo({ identifier })));
    await info;
    for (const each of operations) {
      const stored = next(cache, 'stored');
      await cache.variants.getOrRender({ identifier, operations: each, extension: 'jpg' }, () =>
        Promise.resolve({ body: Buffer.from(`${identifier} ${each}`), contentType: 'image/jpeg' }),
      );
      await stored;
    }
  }
}
