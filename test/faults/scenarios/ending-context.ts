import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { filesystemStore, ImageCache, ImageCacheModule } from '../../../libs/image-cache/src/index.js';

// Uses a cache without any server, and closes it while a render is under way that never ends and holds nothing.
const [directory = ''] = process.argv.slice(2);

Logger.overrideLogger(false);
const module = ImageCacheModule.forRoot({ variant: { store: filesystemStore({ directory }) }, drain: '200ms' });
const app = await NestFactory.createApplicationContext(module);
const { variants } = app.get(ImageCache);
const ask = (operations: string, body: Promise<Buffer>): Promise<unknown> =>
  variants.getOrRender({ identifier: 'image', operations }, async () => ({
    body: await body,
    contentType: 'image/jpeg',
  }));
const picture = Promise.resolve(Buffer.from('picture'));
await ask('quick', picture);
await ask('quick', picture);
const refused = ask('endless', new Promise(() => undefined)).catch((error: unknown) => error);
await app.close();
process.stdout.write(`${JSON.stringify(await refused)}\n`);
