import { Injectable, Module } from '@nestjs/common';
import { ImageCacheModule, type ImageSource, type SourceLookup } from 'nestjs-image-cache';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Says whether a photo is there and in which state; "cannot tell" is an error, not a "no". */
@Injectable()
export class PhotoSource implements ImageSource {
  readonly name = 'photos';
  readonly directory = process.env['PHOTO_DIR'] ?? '.';

  async lookup(identifier: string): Promise<SourceLookup> {
    if (identifier !== basename(identifier)) return { status: 'missing' };
    await stat(this.directory);
    try {
      const { size, mtimeNs, ctimeNs, ino } = await stat(join(this.directory, identifier), { bigint: true });
      const times = { lastModified: String(mtimeNs), changed: String(ctimeNs) };
      return { status: 'found', stamp: { size: Number(size), inode: String(ino), ...times } };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { status: 'missing' };
      throw error;
    }
  }
}

@Module({
  imports: [
    ImageCacheModule.forRootAsync({
      useFactory: () => ({ source: new PhotoSource(), resolveFirst: true, revalidateAfter: '5s', evictMissing: true }),
    }),
  ],
})
export class SourceAwareModule {}
