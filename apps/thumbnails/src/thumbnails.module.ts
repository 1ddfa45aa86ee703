import { Controller, Get, Inject, Module, Param } from '@nestjs/common';
import { CacheVariant, ImageCacheModule } from 'nestjs-image-cache';
import { Renderer } from './renderer.js';

@Controller('thumbnails')
export class ThumbnailsController {
  constructor(@Inject(Renderer) private readonly renderer: Renderer) {}

  @Get(':id/:width.webp')
  @CacheVariant()
  thumbnail(@Param('id') id: string, @Param('width') width: string) {
    return this.renderer.thumbnail(id, Number(width));
  }
}

@Module({ imports: [ImageCacheModule.forRoot()], controllers: [ThumbnailsController], providers: [Renderer] })
export class ThumbnailsModule {}
