import sharp, { type Sharp } from 'sharp';

/** Raw pixels, 8 bits per channel. */
export interface Pixels {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Decodes a picture as it is stored. */
export async function decode(picture: Buffer | string): Promise<Pixels> {
  const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** Decodes a picture and applies its orientation. */
export async function decodeUpright(picture: Buffer): Promise<Pixels> {
  return decode(await sharp(picture).autoOrient().png().toBuffer());
}

const scenes = new Map<string, Buffer>();

/** Makes an image of which every pixel tells where it is: smooth enough to be scaled, rough enough to show shifts. */
export function scene(width: number, height: number): Sharp {
  const key = `${width}x${height}`;
  const data = scenes.get(key) ?? paint(width, height);
  scenes.set(key, data);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function paint(width: number, height: number): Buffer {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      data[at] = Math.round((x * 255) / width);
      data[at + 1] = Math.round((y * 255) / height);
      data[at + 2] = Math.round(127 + 120 * Math.sin(x / 9) * Math.cos(y / 7));
    }
  }
  return data;
}

/** Cuts a rectangle out. */
export function crop(image: Pixels, left: number, top: number, size: { width: number; height: number }): Pixels {
  return map(image, size, (x, y) => [left + x, top + y]);
}

/** Mirrors on the vertical axis. */
export function mirrored(image: Pixels): Pixels {
  return map(image, image, (x, y) => [image.width - 1 - x, y]);
}

/** Turns clockwise by a quarter. */
export function turned(image: Pixels): Pixels {
  return map(image, { width: image.height, height: image.width }, (x, y) => [y, image.height - 1 - x]);
}

/** Mean difference of all channels of two pictures of the same size; shifted by some pixels to the right and down. */
export function difference(one: Pixels, other: Pixels, shift: readonly [number, number] = [0, 0]): number {
  const { width, height } = one;
  if (width !== other.width || height !== other.height || one.channels !== other.channels) return Infinity;
  let sum = 0;
  let count = 0;
  for (let y = Math.max(0, shift[1]); y < Math.min(height, height + shift[1]); y++) {
    for (let x = Math.max(0, shift[0]); x < Math.min(width, width + shift[0]); x++) {
      for (let channel = 0; channel < one.channels; channel++) {
        const there = ((y - shift[1]) * width + x - shift[0]) * one.channels + channel;
        sum += Math.abs((one.data[(y * width + x) * one.channels + channel] ?? 0) - (other.data[there] ?? 0));
        count++;
      }
    }
  }
  return sum / count;
}

function map(
  image: Pixels,
  { width, height }: { width: number; height: number },
  from: (x: number, y: number) => readonly [number, number],
): Pixels {
  const { channels } = image;
  const data = Buffer.alloc(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sourceX, sourceY] = from(x, y);
      const start = (sourceY * image.width + sourceX) * channels;
      image.data.copy(data, (y * width + x) * channels, start, start + channels);
    }
  }
  return { data, width, height, channels };
}
