import { Controller, Get, Module, NotFoundException, Param } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { CacheControl, CacheVariant, ImageCacheModule } from 'nestjs-image-cache';
import sharp from 'sharp';

/** Who may ask past the cache: a request that costs a render each time. */
function isEditor(context: ExecutionContext): boolean {
  return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-role'] === 'editor';
}

const COLOURS: Record<string, string> = { sky: '#87ceeb', sand: '#c2b280' };

@Controller('covers')
export class CoversController {
  static renders = 0;

  @Get(':id')
  @CacheVariant({ clientDirectives: isEditor })
  @CacheControl({ maxAge: '5m', sharedMaxAge: '1h' })
  cover(@Param('id') id: string) {
    const background = COLOURS[id];
    if (background === undefined) throw new NotFoundException(`There is no cover ${id}.`);
    CoversController.renders += 1;
    return sharp({ create: { width: 60, height: 80, channels: 3, background } }).webp();
  }
}

@Module({
  imports: [
    ImageCacheModule.forRoot({
      variant: {
        // A cover of yesterday is rendered anew. Whoever asks meanwhile gets that of yesterday, for another day at most.
        staleness: '1d',
        stale: '1d',
        // What is not there is looked for once a minute.
        negativeTtl: '1m',
      },
    }),
  ],
  controllers: [CoversController],
})
export class CoversModule {}
