import { Controller, Get, Inject } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';
import { OpenApiDocument } from './open-api-document.js';

/** Describes the admin API for programs. */
@ApiExcludeController()
@Controller('openapi.json')
export class OpenApiController {
  readonly #description: OpenApiDocument;

  constructor(@Inject(OpenApiDocument) description: OpenApiDocument) {
    this.#description = description;
  }

  @Get()
  document(): OpenAPIObject {
    return this.#description.document;
  }
}
