import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { ScheduleModule } from '@nestjs/schedule';
import { filesystemStore, ImageCacheModule } from 'nestjs-image-cache';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    ScheduleModule.forRoot(),
    ImageCacheModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        variant: {
          store: filesystemStore({
            directory: config.getOrThrow<string>('CACHE_DIR'),
            maxSize: '20GB',
            minFree: '2GB',
          }),
          hot: '64MB',
          ttl: '30d',
        },
        worker: { interval: '1d' },
      }),
    }),
  ],
})
export class DurableCacheModule {}
