import { Module } from '@nestjs/common';
import { SETTINGS } from '../configuration/settings.module.js';
import { originalSource } from './original-source.js';

/** Injects the `OriginalSource` of the server. */
export const ORIGINAL_SOURCE = Symbol('ORIGINAL_SOURCE');

/** Where the originals are. */
@Module({
  providers: [{ provide: ORIGINAL_SOURCE, inject: [SETTINGS], useFactory: originalSource }],
  exports: [ORIGINAL_SOURCE],
})
export class SourceModule {}
