import { FilesystemSource, HttpSource, IiifError, type OriginalSource } from 'nestjs-iiif';
import { ConfigurationError } from '../configuration/configuration-error.js';
import type { Settings } from '../configuration/known-keys.js';

/**
 * The source of the originals that settings name. Asks nobody.
 *
 * @throws ConfigurationError when it cannot be
 */
export function originalSource(settings: Settings): OriginalSource {
  if (settings['source.implementation'] === 'HttpSource') return httpSource(settings);
  return new FilesystemSource({
    directory: settings['source.FilesystemSource.pathname'],
    identity: settings['source.FilesystemSource.identity'],
  });
}

function httpSource(settings: Settings): HttpSource {
  try {
    return new HttpSource({
      urlPrefix: settings['source.HttpSource.url_prefix'] ?? '',
      allow: settings['source.HttpSource.allow'],
      maxSize: settings['source.HttpSource.max_size'],
      maxRedirects: settings['source.HttpSource.max_redirects'],
      connectTimeout: `${settings['source.HttpSource.connect_timeout']}s`,
      headersTimeout: `${settings['source.HttpSource.headers_timeout']}s`,
      bodyTimeout: `${settings['source.HttpSource.body_timeout']}s`,
      timeout: `${settings['source.HttpSource.timeout']}s`,
    });
  } catch (error) {
    if (!(error instanceof IiifError)) throw error;
    const message = error.message.replace(
      /^source\.(\w+)/,
      (_, option: string) => `source.HttpSource.${KEYS[option] ?? option}`,
    );
    throw new ConfigurationError(message, { cause: error });
  }
}

const KEYS: Readonly<Record<string, string>> = { urlPrefix: 'url_prefix' };
