import type { NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { describeAdmin } from './admin/admin-modules.js';
import { AppModule } from './app.module.js';
import type { Settings } from './configuration/known-keys.js';
import { addCommonHeaders, refuseForeignTargets } from './http/every-request.js';
import { serverOptions } from './http/server-options.js';
import { ServerLogger } from './logging/server-logger.js';
import { closeOnSignals } from './shutdown.js';
import { serveViewer } from './viewer/serve-viewer.js';

/** Starts the server and tells its address. */
export async function serve(settings: Settings, tell: (line: string) => void): Promise<void> {
  const app = await createServer(settings);
  await app.listen(settings.port, settings.host);
  closeOnSignals(app);
  tell(`The image server listens on ${addressOf(app, settings.host)}`);
}

/** Makes the server; it does not listen yet. */
export async function createServer(settings: Settings): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter(serverOptions(settings));
  const module = await AppModule.forSettings(settings);
  // Nest declares its options as a class and takes every object of that shape.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  const options: NestApplicationOptions = { abortOnError: false, logger: new ServerLogger() };
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, options);
  addCommonHeaders(app.getHttpServer());
  refuseForeignTargets(app);
  await serveViewer(app);
  describeAdmin(app, settings);
  return app;
}

function addressOf(app: NestFastifyApplication, host: string): string {
  const { port } = app.getHttpServer().address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
