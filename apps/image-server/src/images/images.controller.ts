import {
  BadRequestException,
  Controller,
  Get,
  Header,
  Inject,
  Param,
  Query,
  ServiceUnavailableException,
} from '@nestjs/common';
import { isImageCacheError, type ImageInfo, type TileSize } from 'nestjs-image-cache';
import { ImageService, type OriginalSource } from 'nestjs-iiif';
import { ORIGINAL_SOURCE } from '../source/source.module.js';

/** An image of the source in a list. */
export interface ListedImage {
  readonly identifier: string;
  /** Absent when the image cannot be read, as are the others. */
  readonly width?: number;
  readonly height?: number;
  readonly format?: string;
  readonly hasAlpha?: boolean;
}

/** A page of the images of the source. */
export interface ImageList {
  readonly images: readonly ListedImage[];
  /** Whether the source can be listed; where it cannot, images are found by their identifiers alone. */
  readonly isListable: boolean;
  /** What to pass as `after` for the next page; absent on the last one. */
  readonly next?: string;
}

/** What the original of an image is like. */
export interface DescribedImage extends Required<ListedImage> {
  readonly tileSize: TileSize | null;
  /** Sizes that are stored in the file. */
  readonly levels: number;
}

const PAGE = 24;
const LARGEST_PAGE = 100;

/** Tells what there is in the source, for the viewer. */
@Controller('images')
export class ImagesController {
  readonly #source: OriginalSource;
  readonly #images: ImageService;

  constructor(@Inject(ORIGINAL_SOURCE) source: OriginalSource, @Inject(ImageService) images: ImageService) {
    this.#source = source;
    this.#images = images;
  }

  @Get()
  @Header('Cache-Control', 'no-cache')
  async list(@Query('after') after?: unknown, @Query('limit') limit?: unknown): Promise<ImageList> {
    const size = pageSize(limit);
    const range = { limit: size + 1, ...(after !== undefined && { after: oneText(after) }) };
    const { isListable = true } = this.#source;
    const identifiers: string[] = [];
    if (isListable) for await (const identifier of this.#images.list(range)) identifiers.push(identifier);
    const page = identifiers.slice(0, size);
    const images: ListedImage[] = [];
    // One after the other: a list is not to take the places of those who look at pictures.
    for (const identifier of page) images.push(await this.#listed(identifier));
    const last = page.at(-1);
    return { images, isListable, ...(identifiers.length > size && last !== undefined && { next: last }) };
  }

  @Get(':identifier')
  @Header('Cache-Control', 'no-cache')
  async describe(@Param('identifier') identifier: string): Promise<DescribedImage> {
    const { info } = await this.#images.info(identifier);
    const { tileSize = null, pyramid } = info;
    return { ...summaryOf(info), tileSize, levels: pyramid.length };
  }

  /** One image that cannot be read does not hide the others. */
  async #listed(identifier: string): Promise<ListedImage> {
    try {
      return summaryOf((await this.#images.info(identifier)).info);
    } catch (error) {
      if (isImageCacheError(error, 'E_IMAGE_CACHE_OVERLOADED')) throw new ServiceUnavailableException(error.message);
      return { identifier };
    }
  }
}

function summaryOf({ identifier, width, height, format, hasAlpha }: ImageInfo): Required<ListedImage> {
  return { identifier, width, height, format, hasAlpha };
}

function oneText(after: unknown): string {
  if (typeof after === 'string') return after;
  throw new BadRequestException('after is not one identifier.');
}

function pageSize(limit: unknown): number {
  if (limit === undefined) return PAGE;
  const size = typeof limit === 'string' && /^\d{1,3}$/.test(limit) ? Number(limit) : 0;
  if (size >= 1 && size <= LARGEST_PAGE) return size;
  throw new BadRequestException(`limit is not a whole number from 1 to ${LARGEST_PAGE}.`);
}
