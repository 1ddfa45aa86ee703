import { Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import { ImageCacheAdminModule, type DashboardOptions } from 'nestjs-image-cache/admin';
import type { Settings } from '../configuration/known-keys.js';
import { OpenApiController } from './open-api.controller.js';
import { OpenApiDocument } from './open-api-document.js';

@Module({})
class OpenApiModule {}

/** What the server consists of where it is managed by HTTP; nothing where it is not. */
export function adminModules(settings: Settings): DynamicModule[] {
  const secret = settings['endpoint.api.secret'];
  if (!settings['endpoint.api.enabled'] || secret === undefined) return [];
  const description = { module: OpenApiModule, global: true, providers: [OpenApiDocument], exports: [OpenApiDocument] };
  const admin = ImageCacheAdminModule.register({
    auth: { username: settings['endpoint.api.username'], secret },
    dashboard: dashboardOptions(settings),
    galiaPaths: settings['endpoint.api.galia_paths'],
    controllers: [OpenApiController],
  });
  return [description, admin];
}

/** Pictures are those that the server makes anyway. */
function dashboardOptions({ 'endpoint.api.history_pathname': historyDirectory }: Settings): DashboardOptions {
  return {
    title: 'Image server',
    thumbnail: '/iiif/3/{id}/full/!160,160/0/default.jpg',
    variant: '/iiif/3/{id}/{operations}',
    page: '/#/{id}',
    ...(historyDirectory !== undefined && { historyDirectory }),
  };
}

/** Describes the admin API of a server that has one. */
export function describeAdmin(app: INestApplication, settings: Settings): void {
  if (settings['endpoint.api.enabled']) app.get(OpenApiDocument).describe(app);
}
