export { ImageCacheAdminModule } from './admin.module.js';
export type { AdminAuth, ImageCacheAdminExtras, ImageCacheAdminOptions } from './admin-options.js';
export type { DashboardOptions } from './dashboard/dashboard-options.js';
export { AdminGuard } from './auth/admin-guard.js';
export { AdminExceptionFilter } from './admin-exception.filter.js';
export { VERBS, type TaskRequest, type Verb } from './tasks/verb.js';
