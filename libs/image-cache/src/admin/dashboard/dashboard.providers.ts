import type { Provider } from '@nestjs/common';
import type { Prefetcher } from '../../prefetch/prefetcher.js';
import type { ImageCache } from '../../service/image-cache.js';
import { ADMIN_CACHE, ADMIN_PREFETCHER, ADMIN_SETTINGS, type AdminSettings } from '../admin-options.js';
import { DashboardFeed } from './dashboard-feed.js';
import { DashboardPage } from './dashboard-page.js';

/** All that the controllers of the dashboard need; where there is none, nothing is kept for it. */
export const DASHBOARD_PROVIDERS: readonly Provider[] = [
  {
    provide: DashboardPage,
    inject: [ADMIN_SETTINGS],
    useFactory: ({ dashboard }: AdminSettings) => dashboard && new DashboardPage(dashboard),
  },
  {
    provide: DashboardFeed,
    inject: [ADMIN_CACHE, ADMIN_SETTINGS, ADMIN_PREFETCHER],
    useFactory: (cache: ImageCache, { dashboard, clock }: AdminSettings, prefetcher: Prefetcher | undefined) =>
      dashboard && new DashboardFeed({ cache, clock, options: dashboard, prefetcher }),
  },
];
