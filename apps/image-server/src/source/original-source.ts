import { FilesystemSource, type OriginalSource } from 'nestjs-iiif';
import type { Settings } from '../configuration/known-keys.js';

/** Where the originals are, by the settings. */
export function originalSource(settings: Settings): OriginalSource {
  return new FilesystemSource({
    directory: settings['source.FilesystemSource.pathname'],
    identity: settings['source.FilesystemSource.identity'],
  });
}
