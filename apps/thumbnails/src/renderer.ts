import { BadRequestException, Injectable, NotFoundException } from '@nestjs/common';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp, { type Sharp } from 'sharp';

/** The sample images of the image server, unless somebody names a folder of images. */
const IMAGES = process.env['IMAGES'] ?? fileURLToPath(new URL('../../image-server/samples', import.meta.url));

/** Every width is a picture more to be rendered and kept, so clients choose among these. */
const WIDTHS: readonly number[] = [160, 320, 640, 1280];

/** The name of a file in the folder: nothing that leads out of it, or to what is hidden. */
const NAME = /^[\w-][\w.-]{0,99}$/;

/** Makes thumbnails of the images in a folder. */
@Injectable()
export class Renderer {
  /**
   * A thumbnail as sharp pipeline.
   *
   * @throws BadRequestException, NotFoundException
   */
  async thumbnail(id: string, width: number): Promise<Sharp> {
    if (!NAME.test(id)) throw new BadRequestException('The id is not the name of an image.');
    if (!WIDTHS.includes(width)) throw new BadRequestException(`The width is not one of ${WIDTHS.join(', ')}.`);
    const file = join(IMAGES, id);
    const stats = await stat(file).catch(() => undefined);
    if (stats?.isFile() !== true) throw new NotFoundException('There is no such image.');
    return sharp(file).autoOrient().resize(width, undefined, { withoutEnlargement: true }).webp();
  }
}
