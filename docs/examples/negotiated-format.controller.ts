import { Controller, Get, Module, Param } from '@nestjs/common';
import { CacheVariant, ImageCacheModule, NegotiatedFormat, type NegotiableFormat } from 'nestjs-image-cache';
import sharp from 'sharp';

@Controller('posters')
export class PostersController {
  // AVIF or WebP for browsers that say that they know it, JPEG for all others: three pictures, not one for each browser.
  @Get(':id')
  @CacheVariant({ format: 'auto' })
  poster(@Param('id') background: string, @NegotiatedFormat() format: NegotiableFormat) {
    return sharp({ create: { width: 60, height: 80, channels: 3, background } }).toFormat(format);
  }
}

@Module({ imports: [ImageCacheModule.forRoot()], controllers: [PostersController] })
export class PostersModule {}
