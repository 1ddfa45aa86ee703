import {
  Controller,
  Get,
  Injectable,
  Module,
  Param,
  Put,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { CacheControl, CacheVariant, EvictImage, ImageCacheModule, SkipImageCache } from 'nestjs-image-cache';
import sharp from 'sharp';

/** Knows who asks; a real one checks a session or a token. */
@Injectable()
export class MembersGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    if (headers['x-member'] === undefined) throw new UnauthorizedException();
    return true;
  }
}

@Injectable()
export class Album {
  readonly colours = new Map([['summer', 'gold']]);
  rendered = 0;

  picture(id: string, width: number) {
    this.rendered += 1;
    return sharp({ create: { width, height: 40, channels: 3, background: this.colours.get(id) ?? 'grey' } }).png();
  }
}

@Controller('album')
@UseGuards(MembersGuard)
export class MembersController {
  constructor(private readonly album: Album) {}

  // Rendered once for all members. The guard asks who it is on every request, and the answers are private.
  @Get(':id/page')
  @CacheVariant()
  page(@Param('id') id: string) {
    return this.album.picture(id, 400);
  }

  // Members only, and yet proxies may keep it: only for pictures that anybody may see who knows the address.
  @Get(':id/cover')
  @CacheVariant()
  @CacheControl({ visibility: 'public', maxAge: '1h' })
  cover(@Param('id') id: string) {
    return this.album.picture(id, 80);
  }

  // The member is in the path, and so in the key: each has pictures of their own.
  @Get(':id/for/:member')
  @CacheVariant()
  signed(@Param('id') id: string, @Param('member') member: string) {
    return this.album.picture(id, 100 + member.length);
  }

  // Depends on who asks, and the key does not say who: must not be cached.
  @Get(':id/mine')
  @CacheVariant()
  @SkipImageCache()
  mine(@Param('id') id: string) {
    return this.album.picture(id, 200);
  }

  // The guard comes first: who may not change a picture does not evict it, either.
  @Put(':id/:colour')
  @EvictImage()
  change(@Param('id') id: string, @Param('colour') colour: string): void {
    this.album.colours.set(id, colour);
  }
}

@Module({ imports: [ImageCacheModule.forRoot()], controllers: [MembersController], providers: [Album] })
export class MembersModule {}
