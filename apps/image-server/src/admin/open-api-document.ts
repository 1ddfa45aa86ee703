import { Injectable, NotFoundException, type INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ImageCacheAdminModule } from 'nestjs-image-cache/admin';

/** The description of the admin API, made once when the server is. */
@Injectable()
export class OpenApiDocument {
  #document: OpenAPIObject | undefined;

  /** Describes the routes of a server. */
  describe(app: INestApplication): void {
    const config = new DocumentBuilder()
      .setTitle('Admin API of the image server')
      .setDescription(
        'Lists, queues, evicts and sweeps what is cached. Times are UTC, sizes bytes. A method that a path has not is ' +
          'answered with 405, and `Allow` names those that it has; a path that there is not, with 404.',
      )
      .setVersion('1')
      .addBasicAuth()
      .addSecurity('bearer', { type: 'http', scheme: 'bearer', description: 'The secret as token.' })
      .build();
    this.#document = SwaggerModule.createDocument(app, config, { include: [ImageCacheAdminModule] });
  }

  /** @throws NotFoundException before the server has been described */
  get document(): OpenAPIObject {
    if (this.#document === undefined) throw new NotFoundException('There is no description yet.');
    return this.#document;
  }
}
