import type { Readable } from 'node:stream';
import type { SourceStamp, VariantIdentity } from './entry.js';

/** One level of a pyramid, largest first. */
export interface PyramidLevel {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Where a renderer finds the level: a page of the file, or a SubIFD of the first page. */
  readonly location: { readonly page: number } | { readonly subifd: number };
}

/** Size of the tiles that the file is stored in; pixels. */
export interface TileSize {
  readonly width: number;
  readonly height: number;
}

/** The characteristics of a source image: all that is needed to answer for it without opening it. */
export interface ImageInfo {
  readonly identifier: string;
  /** Pixels, after the orientation has been applied. */
  readonly width: number;
  /** Pixels, after the orientation has been applied. */
  readonly height: number;
  /** Format by content: `jpeg`, `png`, `webp`, `tiff`, `gif`, `avif`. */
  readonly format: string;
  /** Bits per component. */
  readonly componentDepth: number;
  readonly channels: number;
  readonly hasAlpha: boolean;
  /** Colour space as the decoder names it: `srgb`, `cmyk`, `b-w`. */
  readonly colourSpace: string;
  /** Whether an ICC profile is embedded. */
  readonly icc: boolean;
  /** EXIF orientation, 1 to 8. */
  readonly orientation: number;
  readonly tileSize?: TileSize;
  /** Levels of the pyramid that the file holds, the full size first; one level when it is no pyramid. */
  readonly pyramid: readonly PyramidLevel[];
  /** Number of pages or frames. */
  readonly pages: number;
  /** Embedded metadata that the renderer reads, such as the resolution in dots per inch. */
  readonly metadata: Readonly<Record<string, string | number>>;
  /** State of the source image in which it was read. */
  readonly source?: SourceStamp;
}

/** What is known about a source image: that it is there, in this state, or that there is none. */
export type SourceLookup = { readonly status: 'found'; readonly stamp: SourceStamp } | { readonly status: 'missing' };

/** How a source image is looked up. */
export interface LookupOptions {
  readonly signal?: AbortSignal;
  /**
   * Whether the caller is about to read the image, or has just read it, and asks in which state that is. A source in front
   * of which copies are kept answers for its copy then. @default false
   */
  readonly isReading?: boolean;
}

/** Where source images come from. "Missing" and "unavailable" are different answers. */
export interface ImageSource {
  /** Names the source in messages. */
  readonly name: string;
  /**
   * Looks an image up without reading it.
   *
   * @throws anything when the source cannot tell, because it is unmounted, unreachable or forbidden
   */
  lookup(identifier: string, options?: LookupOptions): Promise<SourceLookup>;
}

/** What a renderer is given. */
export interface RenderContext {
  /** Aborted when nobody waits for the picture and its render has not begun, and at shutdown. */
  readonly signal: AbortSignal;
  /** A path that the picture may be written to; the renderer then returns `{ file }` with the same path. */
  readonly file?: string;
}

/** A picture as a renderer returns it. */
export interface RenderedImage {
  readonly body: Buffer | Readable | { readonly file: string };
  readonly contentType: string;
  /** Response headers to be replayed on hits, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, where known beforehand. */
  readonly announcedLength?: number;
}

/** Makes a picture. */
export type Render = (context: RenderContext) => Promise<RenderedImage>;

/** Makes pictures outside of a request: what the application's own handlers would answer with. */
export interface VariantRenderer {
  /**
   * Renders a variant.
   *
   * @param identity as the routes have it: the identifier in its namespace, the canonical operations
   * @throws anything when the picture cannot be made
   */
  render(identity: VariantIdentity, context: RenderContext): Promise<RenderedImage>;
}
