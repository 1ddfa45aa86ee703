import { createImageCache, filesystemStore } from 'nestjs-image-cache';
import sharp from 'sharp';

export async function renderTwice(directory: string): Promise<readonly string[]> {
  const cache = await createImageCache({ variant: { store: filesystemStore({ directory }) } });
  const ask = () =>
    cache.variants.getOrRender(
      { identifier: 'sunset', operations: '200x100;quality=80', extension: 'webp' },
      async () => {
        const image = sharp({ create: { width: 200, height: 100, channels: 3, background: 'orange' } });
        return { body: await image.webp({ quality: 80 }).toBuffer(), contentType: 'image/webp' };
      },
    );
  const outcomes = [(await ask()).outcome.kind, (await ask()).outcome.kind];
  await cache.close();
  return outcomes;
}
