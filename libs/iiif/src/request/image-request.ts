/** Version of the IIIF Image API: 2 stands for 2.1, 3 for 3.0. */
export type ApiVersion = 2 | 3;

/** Formats that can be asked for, by their file name extension (IIIF Image API, section 4.5). */
export const FORMATS = ['jpg', 'png', 'webp', 'tif', 'gif'] as const;

/** A format that can be asked for. */
export type Format = (typeof FORMATS)[number];

/** Qualities that can be asked for (IIIF Image API, section 4.4). */
export const QUALITIES = ['default', 'color', 'gray', 'bitonal'] as const;

/** A quality that can be asked for. */
export type Quality = (typeof QUALITIES)[number];

/** The part of the full image that is asked for; pixels or percent (IIIF Image API, section 4.1). */
export type Region =
  | { readonly kind: 'full' }
  | { readonly kind: 'square' }
  | {
      readonly kind: 'pixels' | 'percent';
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
    };

/** To what the region is scaled; pixels or percent (IIIF Image API, section 4.2). */
export type SizeForm =
  | { readonly kind: 'full' }
  | { readonly kind: 'max' }
  | { readonly kind: 'width'; readonly width: number }
  | { readonly kind: 'height'; readonly height: number }
  | { readonly kind: 'percent'; readonly percent: number }
  | { readonly kind: 'exact'; readonly width: number; readonly height: number }
  | { readonly kind: 'confined'; readonly width: number; readonly height: number };

/** A size with the permission to enlarge: `^` in version 3, always given in version 2. */
export type Size = SizeForm & { readonly upscale: boolean };

/** Mirroring on the vertical axis, followed by a clockwise rotation (IIIF Image API, section 4.3). */
export interface Rotation {
  readonly mirror: boolean;
  /** Degrees, 0 to 360 inclusive. */
  readonly degrees: number;
}

/** The parameters of an image request as the client gave them. */
export interface ImageRequest {
  readonly version: ApiVersion;
  readonly region: Region;
  readonly size: Size;
  readonly rotation: Rotation;
  readonly quality: Quality;
  readonly format: Format;
}

/** The path segments of an image request after the identifier, each percent-decoded exactly once. */
export interface ImageRequestSegments {
  readonly region: string;
  readonly size: string;
  readonly rotation: string;
  /** Quality and format: `default.jpg`. */
  readonly file: string;
}
