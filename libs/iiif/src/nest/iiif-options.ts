import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ImageCacheOptions, Resolvable } from 'nestjs-image-cache';
import type { LimitOptions } from '../geometry/limits.js';
import type { EncoderOptions } from '../render/encoder.js';
import type { OriginalSource } from '../source/original-source.js';

/** Options of `IiifModule`. */
export interface IiifOptions {
  /** Where the originals are. */
  readonly source: OriginalSource;
  /** The image cache, which the module brings along. @default {} */
  readonly cache?: Omit<ImageCacheOptions, 'source'>;
  /**
   * URI in front of `/iiif/3/…` in documents and links, without a trailing slash.
   *
   * @default the scheme and host that the client has used
   */
  readonly baseUri?: string;
  /** Whether `X-Forwarded-Proto` and `X-Forwarded-Host` tell what the client has used. @default false */
  readonly trustProxy?: boolean;
  /**
   * Whether a client may ask past the cache, by `Cache-Control: no-cache`, `max-age` and `no-store`, and by
   * `?cache=nocache` and `?cache=recache`. Every such request costs a render: let a function say who may.
   *
   * @default false
   */
  readonly clientDirectives?: Resolvable<boolean>;
  /**
   * Whose render a miss is, where the cache limits those of a client (`render.perClient`); nobody's who is limited when
   * it is `undefined`. @default the request's `ip`, of IPv6 the first 64 bits
   */
  readonly clientId?: Resolvable<string | undefined>;
  readonly limits?: LimitOptions;
  readonly encoder?: EncoderOptions;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: IIIF_OPTIONS } =
  new ConfigurableModuleBuilder<IiifOptions>({ moduleName: 'Iiif' }).setClassMethodName('forRoot').build();
