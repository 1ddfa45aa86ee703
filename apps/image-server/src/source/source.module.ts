import { Module } from '@nestjs/common';
import { FilesystemSource, type OriginalSource } from 'nestjs-iiif';
import type { Settings } from '../configuration/known-keys.js';
import { SETTINGS } from '../configuration/settings.module.js';

/** Injects the {@link OriginalSource} of the server. */
export const ORIGINAL_SOURCE = Symbol('ORIGINAL_SOURCE');

/** Where the originals are. */
@Module({
  providers: [
    {
      provide: ORIGINAL_SOURCE,
      inject: [SETTINGS],
      useFactory: (settings: Settings): OriginalSource =>
        new FilesystemSource({
          directory: settings['source.FilesystemSource.pathname'],
          identity: settings['source.FilesystemSource.identity'],
        }),
    },
  ],
  exports: [ORIGINAL_SOURCE],
})
export class SourceModule {}
