import { Controller, Delete, Get, Header, HttpCode, Module, Param, StreamableFile, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { CacheControl, CacheVariant, EvictImage, ImageCacheModule } from 'nestjs-image-cache';
import sharp from 'sharp';

class MembersOnly implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return headers['x-member'] === 'yes';
  }
}

const paint = (colour: string, width: number) =>
  sharp({ create: { width, height: 40, channels: 3, background: colour } });

@Controller('paintings')
export class MuseumController {
  // A sharp pipeline; its format gives the content type.
  @Get(':id/small')
  @CacheVariant({ version: 'quality-80' })
  small(@Param('id') id: string) {
    return paint(id, 40).webp({ quality: 80 });
  }

  // Only the declared query argument is part of the key.
  @Get(':id/framed')
  @CacheVariant({ query: ['frame'] })
  @CacheControl({ maxAge: '7d', sharedMaxAge: '30d', immutable: true })
  @Header('Content-Type', 'image/png')
  framed(@Param('id') id: string): Promise<Buffer> {
    return paint(id, 80).png().toBuffer();
  }

  // Guards run on hits, too, and the answers are private.
  @Get(':id/original')
  @UseGuards(MembersOnly)
  @CacheVariant()
  async original(@Param('id') id: string): Promise<StreamableFile> {
    return new StreamableFile(await paint(id, 400).jpeg().toBuffer(), { type: 'image/jpeg' });
  }

  // Evicts all of them when the handler has done its work.
  @Delete(':id')
  @HttpCode(204)
  @EvictImage()
  remove(): void {
    return undefined;
  }
}

@Module({ imports: [ImageCacheModule.forRoot()], controllers: [MuseumController] })
export class MuseumModule {}
