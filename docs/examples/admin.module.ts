import { Module } from '@nestjs/common';
import { filesystemStore, ImageCacheModule } from 'nestjs-image-cache';
import { ImageCacheAdminModule } from 'nestjs-image-cache/admin';

@Module({
  imports: [
    ImageCacheModule.forRootAsync({
      useFactory: () => ({
        variant: { store: filesystemStore({ directory: `${process.env['CACHE_DIR']}/managed`, maxSize: '20GB' }) },
      }),
    }),
    ImageCacheAdminModule.registerAsync({
      path: 'ops/cache',
      useFactory: () => ({ auth: { username: 'ops', secret: process.env['ADMIN_SECRET'] ?? '' } }),
    }),
  ],
})
export class ManagedModule {}
