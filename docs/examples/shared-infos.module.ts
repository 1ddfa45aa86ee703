import { createKeyv } from '@keyv/redis';
import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { cacheManagerStore, filesystemStore, ImageCacheModule } from 'nestjs-image-cache';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    ImageCacheModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => {
        const url = config.getOrThrow<string>('REDIS_URL');
        const cache = createKeyv({ url, disableOfflineQueue: true }, { throwOnErrors: true });
        return {
          info: { store: cacheManagerStore({ cache, disconnect: true }) },
          variant: { store: filesystemStore({ directory: config.getOrThrow<string>('CACHE_DIR') }) },
        };
      },
    }),
  ],
})
export class SharedInfosModule {}
