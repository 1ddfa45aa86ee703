import { Module } from '@nestjs/common';
import { heapStore, ImageCacheModule } from 'nestjs-image-cache';
import { ImageCacheMetricsModule } from 'nestjs-image-cache/prometheus';

@Module({
  imports: [ImageCacheModule.forRoot({ variant: { store: heapStore() } }), ImageCacheMetricsModule.register()],
})
export class MetricsModule {}
