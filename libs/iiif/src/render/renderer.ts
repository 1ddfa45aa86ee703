import type { ImageInfo, PyramidLevel, RenderContext, RenderedImage } from 'nestjs-image-cache';
import type { Sharp, SharpOptions } from 'sharp';
import { createLimits, type Limits } from '../geometry/limits.js';
import type { Operations } from '../geometry/operations.js';
import { rotatedSize } from '../geometry/resolve-operations.js';
import type { Format } from '../request/image-request.js';
import type { ImageInput } from './byte-input.js';
import { openDecoder } from './decoder.js';
import { decoderError } from './decoder-errors.js';
import { Encoder, MEDIA_TYPES, type EncoderOptions } from './encoder.js';
import { planRender, type RenderPlan } from './plan.js';

/** Options of {@link createRenderer}. */
export interface RendererOptions {
  readonly limits?: Limits;
  readonly encoder?: EncoderOptions;
  /** Pictures of more pixels than this are written to a file, where one is offered. @default 4_000_000 */
  readonly fileThreshold?: number;
}

/** What is to be rendered. */
export interface RenderJob {
  readonly input: ImageInput;
  /** Of the same state of the image as `input`. */
  readonly info: ImageInfo;
  readonly operations: Operations;
}

/** Makes pictures of images. */
export interface Renderer {
  /** What besides the operations determines the picture: part of its cache key, see `operationsKey`. */
  recipe(format: Format): string;
  /**
   * Renders a picture. It cannot be interrupted once it has begun: `context.signal` only keeps it from beginning.
   *
   * @throws IiifError `E_IIIF_SOURCE_UNDECODABLE`, `E_IIIF_SOURCE_TOO_LARGE` (4xx, always the same);
   * `E_IIIF_RENDER_TIMEOUT`, `E_IIIF_RENDER_FAILED` (503)
   */
  render(job: RenderJob, context: RenderContext): Promise<RenderedImage>;
}

const WHITE = '#ffffff';
const TRANSPARENT = { r: 255, g: 255, b: 255, alpha: 0 };
const BITONAL_THRESHOLD = 128;

/** Makes a renderer on sharp. */
export function createRenderer(options: RendererOptions = {}): Renderer {
  return new SharpRenderer(options);
}

class SharpRenderer implements Renderer {
  readonly #limits: Limits;
  readonly #encoder: Encoder;
  readonly #fileThreshold: number;

  constructor({ limits = createLimits(), encoder, fileThreshold = 4_000_000 }: RendererOptions) {
    this.#limits = limits;
    this.#encoder = new Encoder(encoder);
    this.#fileThreshold = fileThreshold;
  }

  recipe(format: Format): string {
    return this.#encoder.recipe(format);
  }

  async render(job: RenderJob, { signal, file }: RenderContext): Promise<RenderedImage> {
    signal.throwIfAborted();
    const { size, rotation, format } = job.operations;
    const contentType = MEDIA_TYPES[format];
    const { width, height } = rotatedSize(size, rotation);
    if (file !== undefined && width * height > this.#fileThreshold && (await this.#writes(job, file))) {
      return { body: { file }, contentType };
    }
    try {
      const body = await this.#pipeline(job).toBuffer();
      return { body, contentType, announcedLength: body.length };
    } catch (error) {
      throw decoderError(error);
    }
  }

  /** `false` when the file could not be written; the picture is then made in memory. */
  async #writes(job: RenderJob, file: string): Promise<boolean> {
    try {
      await this.#pipeline(job).toFile(file);
      return true;
    } catch (error) {
      const known = decoderError(error);
      if (known.code === 'E_IIIF_RENDER_FAILED') return false;
      throw known;
    }
  }

  #pipeline({ input, info, operations }: RenderJob): Sharp {
    const plan = planRender(operations, info);
    const opaque = operations.format === 'jpg' || operations.quality === 'bitonal';
    const decoder = openDecoder(input, this.#inputOptions(plan.location)).timeout({ seconds: this.#limits.timeout });
    const shaped = shape(decoder, plan, opaque ? WHITE : TRANSPARENT);
    const flat = opaque && info.hasAlpha ? shaped.flatten({ background: WHITE }) : shaped;
    return this.#encoder.apply(applyQuality(flat, operations), operations.format);
  }

  #inputOptions(location: PyramidLevel['location']): SharpOptions {
    // Damage that leaves pixels missing is an error; files that are merely odd are shown.
    return { ...location, limitInputPixels: this.#limits.maxPixels, failOn: 'error' };
  }
}

/** Region, size, mirroring and rotation; the decoder library carries them out in this order (section 4.6). */
function shape(image: Sharp, plan: RenderPlan, background: string | typeof TRANSPARENT): Sharp {
  const { before, scaled, mirror, angle, after } = plan;
  let shaped = image;
  if (before !== undefined) shaped = shaped.extract(box(before));
  if (scaled !== undefined) shaped = shaped.resize(scaled.width, scaled.height, { fit: 'fill' });
  if (mirror) shaped = shaped.flop();
  if (angle !== 0) shaped = shaped.rotate(angle, { background });
  return after === undefined ? shaped : shaped.extract(box(after));
}

function box({ x, y, width, height }: { x: number; y: number; width: number; height: number }) {
  return { left: x, top: y, width, height };
}

function applyQuality(image: Sharp, { quality }: Operations): Sharp {
  if (quality === 'color') return image;
  const gray = image.greyscale().toColourspace('b-w');
  return quality === 'gray' ? gray : gray.threshold(BITONAL_THRESHOLD);
}
