import type { Sharp } from 'sharp';
import { IiifError } from '../errors.js';
import { FORMATS, type Format } from '../request/image-request.js';

/** Settings of the encoders. Every change makes other pictures, which are cached anew. */
export interface EncoderOptions {
  readonly jpg?: {
    /** 1 to 100. @default 80 */
    readonly quality?: number;
    /** @default false */
    readonly progressive?: boolean;
    /** `4:4:4` keeps fine coloured detail, for a third more bytes. @default '4:2:0' */
    readonly chromaSubsampling?: '4:2:0' | '4:4:4';
  };
  readonly webp?: {
    /** 1 to 100. @default 80 */
    readonly quality?: number;
    /** 0 (fast) to 6 (small). @default 2 */
    readonly effort?: number;
  };
  readonly png?: {
    /** 0 (fast) to 9 (small). @default 6 */
    readonly compressionLevel?: number;
  };
  readonly tif?: {
    /** @default 'lzw' */
    readonly compression?: 'lzw' | 'deflate' | 'none';
  };
  readonly gif?: {
    /** 1 (fast) to 10 (small). @default 4 */
    readonly effort?: number;
  };
}

/** Raised when the renderer makes other pictures from the same operations and settings. */
const RENDERER_VERSION = 1;

const DEFAULTS = {
  jpg: { quality: 80, progressive: false, chromaSubsampling: '4:2:0' },
  webp: { quality: 80, effort: 2 },
  png: { compressionLevel: 6 },
  tif: { compression: 'lzw' },
  gif: { effort: 4 },
} as const satisfies Required<EncoderOptions>;

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  'jpg.quality': [1, 100],
  'webp.quality': [1, 100],
  'webp.effort': [0, 6],
  'png.compressionLevel': [0, 9],
  'gif.effort': [1, 10],
};

/** Media types by format. */
export const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  tif: 'image/tiff',
  gif: 'image/gif',
};

/** Encodes pictures with fixed settings. */
export class Encoder {
  readonly #settings: { readonly [F in Format]: Required<NonNullable<EncoderOptions[F]>> };

  /** @throws IiifError `E_IIIF_BAD_OPTIONS` that names the setting */
  constructor(options: EncoderOptions = {}) {
    this.#settings = {
      jpg: { ...DEFAULTS.jpg, ...options.jpg },
      webp: { ...DEFAULTS.webp, ...options.webp },
      png: { ...DEFAULTS.png, ...options.png },
      tif: { ...DEFAULTS.tif, ...options.tif },
      gif: { ...DEFAULTS.gif, ...options.gif },
    };
    for (const format of FORMATS) {
      for (const [name, value] of Object.entries(this.#settings[format])) checkRange(`${format}.${name}`, value);
    }
  }

  /** The settings of a format as part of a cache key. */
  recipe(format: Format): string {
    const settings = Object.entries(this.#settings[format]).sort(([one], [other]) => (one < other ? -1 : 1));
    return [`v${RENDERER_VERSION}`, ...settings.map(([name, value]) => `${name}=${String(value)}`)].join(',');
  }

  /** Sets the output of a pipeline. */
  apply(pipeline: Sharp, format: Format): Sharp {
    switch (format) {
      case 'jpg':
        return pipeline.jpeg(this.#settings.jpg);
      case 'png':
        return pipeline.png(this.#settings.png);
      case 'webp':
        return pipeline.webp(this.#settings.webp);
      case 'tif':
        return pipeline.tiff(this.#settings.tif);
      case 'gif':
        return pipeline.gif(this.#settings.gif);
    }
  }
}

function checkRange(name: string, value: unknown): void {
  const range = RANGES[name];
  if (range === undefined) return;
  const [least, most] = range;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  throw new IiifError('E_IIIF_BAD_OPTIONS', `encoder.${name} must be a whole number from ${least} to ${most}.`);
}
