// Puts as many renders under way as it is told and asks for a picture that is on the disk. Prints what came in which order.
import { createImageCache, filesystemStore } from 'nestjs-image-cache';
import { randomBytes } from 'node:crypto';
import sharp from 'sharp';

const [, , directory, concurrency] = process.argv;
const renders = Number(concurrency);
const options = { variant: { store: filesystemStore({ directory }) }, render: { concurrency: renders, timeout: '5m' } };
const cache = await createImageCache(options);
const order = [];

const stored = { identifier: 'stored', operations: 'full' };
// Too large to be read synchronously.
const picture = { body: randomBytes(300_000), contentType: 'image/jpeg' };
const published = new Promise((resolve) => cache.on('stored', resolve));
await cache.variants.getOrRender(stored, () => Promise.resolve(picture));
await published;

let begun = 0;
let allBegun;
const whenAllBegun = new Promise((resolve) => (allBegun = resolve));
const heavy = async () => {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 };
  const image = sharp({ create: { width: 1200, height: 1200, channels: 3, noise } })
    .blur(20)
    .png();
  const rendering = image.toBuffer();
  begun += 1;
  if (begun === renders) allBegun();
  return { body: await rendering, contentType: 'image/png' };
};
const rendering = Array.from({ length: renders }, async (_, index) => {
  await cache.variants.getOrRender({ identifier: `heavy-${index}`, operations: 'full' }, heavy);
  order.push('render');
});

await whenAllBegun;
for (let hit = 0; hit < 5; hit += 1) {
  const { outcome } = await cache.variants.getOrRender(stored, () => Promise.reject(new Error('not in the store')));
  order.push(outcome.kind);
}
await Promise.all(rendering);
await cache.close();
process.stdout.write(JSON.stringify(order));
