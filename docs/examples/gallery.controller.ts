import {
  BadRequestException,
  Controller,
  Get,
  Header,
  Module,
  Param,
  Req,
  type ExecutionContext,
} from '@nestjs/common';
import { CacheVariant, ImageCacheModule } from 'nestjs-image-cache';
import sharp from 'sharp';

interface Asked {
  readonly params: Record<'album' | 'photo' | 'width', string>;
  readonly headers: { readonly accept?: string };
}

const asked = (context: ExecutionContext) => context.switchToHttp().getRequest<Asked>();

/** Parameters may have slashes in them: 'a/b' of album 'c' is not 'b' of album 'c/a'. */
const photoIn = ({ params }: Asked) => `${encodeURIComponent(params.album)}/${encodeURIComponent(params.photo)}`;

/** What is made of a photo: in steps of 100 pixels, and in the format that the client takes. */
function sizeAndFormat({ params, headers }: Asked) {
  const width = Math.ceil(Number(params.width) / 100) * 100;
  if (!(width >= 100 && width <= 2000)) throw new BadRequestException('The width is a number from 1 to 2000.');
  return { width, format: headers.accept?.includes('image/avif') === true ? 'avif' : 'jpeg' } as const;
}

@Controller('albums')
export class GalleryController {
  @Get(':album/:photo/:width')
  @Header('X-Credit', 'City archive')
  @CacheVariant({
    namespace: 'photos',
    identifier: (context) => photoIn(asked(context)),
    operations: (context) => sizeAndFormat(asked(context)),
    vary: ['Accept'],
    version: 'quality-60',
    ttl: '7d',
    replayHeaders: ['X-Credit'],
  })
  photo(@Param('photo') colour: string, @Req() request: Asked) {
    const { width, format } = sizeAndFormat(request);
    return sharp({ create: { width, height: 40, channels: 3, background: colour } }).toFormat(format, { quality: 60 });
  }
}

@Module({ imports: [ImageCacheModule.forRoot()], controllers: [GalleryController] })
export class GalleryModule {}
