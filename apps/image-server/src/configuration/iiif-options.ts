import { parseSize } from 'nestjs-image-cache';
import type { IiifOptions, OriginalSource } from 'nestjs-iiif';
import { imageCacheOptions } from './image-cache-options.js';
import type { Settings } from './known-keys.js';
import type { StoreUse } from './stores.js';

/**
 * The options of the image server that settings describe.
 *
 * @param use what the stores are opened for
 */
export async function iiifOptions(settings: Settings, source: OriginalSource, use?: StoreUse): Promise<IiifOptions> {
  const { base_uri: baseUri, 'processor.max_bytes': maxBytes } = settings;
  return {
    source,
    cache: await imageCacheOptions(settings, use),
    ...(baseUri !== undefined && { baseUri }),
    trustProxy: settings.trust_proxy,
    limits: {
      maxPixels: settings['processor.max_pixels'],
      maxBytes: maxBytes === undefined ? undefined : parseSize(maxBytes, 'processor.max_bytes'),
      maxWidth: settings['processor.max_width'],
      maxArea: settings['processor.max_area'],
      maxScale: settings['processor.max_scale'],
      timeout: `${settings['processor.timeout']}s`,
    },
  };
}
