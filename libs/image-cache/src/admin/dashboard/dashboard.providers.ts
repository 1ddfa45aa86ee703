import type { InjectionToken, Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { systemClock } from '../../common/system-clock.js';
import { optionalProvider } from '../../nest/optional-provider.js';
import { Prefetcher } from '../../prefetch/prefetcher.js';
import type { ImageCache } from '../../service/image-cache.js';
import { DashboardFeed } from './dashboard-feed.js';
import { checkDashboardOptions, type DashboardOptions } from './dashboard-options.js';
import { DashboardPage } from './dashboard-page.js';

/** All that the controllers of the dashboard need. */
export function dashboardProviders(cache: InjectionToken<ImageCache>, given: DashboardOptions): Provider[] {
  const options = checkDashboardOptions(given, 'admin.dashboard');
  return [
    { provide: DashboardPage, useFactory: () => new DashboardPage(options) },
    {
      provide: DashboardFeed,
      inject: [cache, ModuleRef],
      useFactory: (observed: ImageCache, moduleRef: ModuleRef) => {
        const prefetcher = optionalProvider(moduleRef, Prefetcher);
        return new DashboardFeed({ cache: observed, clock: systemClock, options, prefetcher });
      },
    },
  ];
}
