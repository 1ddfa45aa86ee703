import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { makeDirectory, type TestDirectory } from './directories.js';

/** Where the sample images of the server are. */
export const SAMPLES = 'apps/image-server/samples';

/** Milliseconds in which the sample images are made. */
export const SAMPLING = 300_000;

/** Makes the sample images of the server that are not there. */
export function makeSamples(): void {
  execFileSync(process.execPath, ['apps/image-server/scripts/make-samples.mjs']);
}

/** Images in a folder, and room for a cache beside it. */
export interface TestImages extends TestDirectory {
  readonly source: string;
  readonly cache: string;
}

/** Makes a folder with `tiled.tif`, a pyramid of 1600 × 1200, `photo.jpg`, 600 × 400, and `maps/alpha.png`, 300 × 300. */
export async function makeImages(base?: string): Promise<TestImages> {
  const directory = await makeDirectory(base);
  const source = join(directory.path, 'source');
  const write = async (name: string, image: Sharp): Promise<void> => {
    await mkdir(dirname(join(source, name)), { recursive: true });
    await image.toFile(join(source, name));
  };
  await write('tiled.tif', noise(1600, 1200).tiff({ tile: true, pyramid: true, compression: 'jpeg' }));
  await write('photo.jpg', noise(600, 400).jpeg());
  await write('maps/alpha.png', noise(300, 300).ensureAlpha(0.5).png());
  return { ...directory, source, cache: join(directory.path, 'cache') };
}

/** A picture that does not compress to nothing. */
export function noise(width: number, height: number): Sharp {
  return sharp({
    create: { width, height, channels: 3, background: '#000', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  });
}
