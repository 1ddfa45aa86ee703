export { registerImageCacheMetrics, type ImageCacheMetricsOptions } from './image-cache-metrics.js';
export { ImageCacheMetricsModule, type ImageCacheMetricsModuleOptions } from './image-cache-metrics.module.js';
