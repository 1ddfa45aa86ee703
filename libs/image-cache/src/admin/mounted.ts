import { Controller, UseFilters, UseGuards, UseInterceptors, type CanActivate, type Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { AdminExceptionFilter } from './admin-exception.filter.js';
import { AdminGuard } from './auth/admin-guard.js';
import { ActionsController } from './controllers/actions.controller.js';
import { PrefetchActionsController } from './controllers/prefetch-actions.controller.js';
import { CacheController } from './controllers/cache.controller.js';
import { QueueController } from './controllers/queue.controller.js';
import { StatusController } from './controllers/status.controller.js';
import { TasksController } from './controllers/tasks.controller.js';
import { UnencodedSlashController } from './controllers/unencoded-slash.controller.js';
import { WorkerController } from './controllers/worker.controller.js';
import { DashboardFeedController, DashboardPageController } from './dashboard/dashboard.controllers.js';
import type { ImageCacheAdminExtras } from './admin-options.js';
import { IdleLimitInterceptor } from './idle-limit.interceptor.js';
import { joinPaths, otherMethodsOf } from './other-methods.js';

/** The controllers of the admin API, relative to its path. */
const CONTROLLERS: readonly Type[] = [
  CacheController,
  QueueController,
  ActionsController,
  PrefetchActionsController,
  TasksController,
  StatusController,
  WorkerController,
  DashboardFeedController,
  DashboardPageController,
];

/** Those that are at the root of the server, too, where Galia has them. */
const OF_GALIA: readonly Type[] = [TasksController, StatusController];

/** Puts the controllers below the path, behind the guards. */
export function mountedControllers(extras: ImageCacheAdminExtras): Type[] {
  const { path = 'admin', guards = [], galiaPaths = false, controllers = [] } = extras;
  const below = [...CONTROLLERS, ...controllers].map((controller) => mount(controller, path, guards));
  const atRoot = galiaPaths ? OF_GALIA.map((controller) => mount(controller, '', guards)) : [];
  const mounted = [...below, ...atRoot];
  const refusing = [mount(otherMethodsOf(mounted), '', guards), mount(UnencodedSlashController, path, guards)];
  return [...mounted, ...refusing];
}

/** Where they are; what is empty is at the root. */
export function pathsOf(controllers: readonly Type[]): readonly string[] {
  const paths = controllers.map((controller) => String(Reflect.getMetadata(PATH_METADATA, controller)));
  return [...new Set(paths)].filter((path) => joinPaths(path) !== '');
}

/** The one of them that has the page. */
export function pageOf(controllers: readonly Type[]): Type {
  return controllers.find(({ prototype }) => prototype instanceof DashboardPageController) ?? DashboardPageController;
}

/** A class of its own for each place: several modules may have the same controllers. */
function mount(base: Type, path: string, guards: readonly Type<CanActivate>[]): Type {
  const Mounted = class extends base {};
  Object.defineProperty(Mounted, 'name', { value: base.name });
  Controller(joinPaths(path, String(Reflect.getMetadata(PATH_METADATA, base))))(Mounted);
  UseGuards(AdminGuard, ...guards)(Mounted);
  UseInterceptors(IdleLimitInterceptor)(Mounted);
  UseFilters(AdminExceptionFilter)(Mounted);
  return Mounted;
}
