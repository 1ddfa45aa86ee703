import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ThumbnailsModule } from './thumbnails.module.js';

const app = await NestFactory.create(ThumbnailsModule);
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3001);
console.log(`Thumbnails are served on ${await app.getUrl()}/thumbnails/harbour.jpg/320.webp`);
