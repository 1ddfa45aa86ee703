import {
  Controller,
  Get,
  HttpStatus,
  Inject,
  Param,
  Redirect,
  UseFilters,
  type ExecutionContext,
} from '@nestjs/common';
import { Execution } from './execution.decorator.js';
import { IiifExceptionFilter } from './iiif-exception.filter.js';
import type { ImageParams } from './image-params.js';
import { ImageResponder } from './image-responder.js';

/** IIIF Image API 3.0. */
@Controller('iiif/3')
@UseFilters(IiifExceptionFilter)
export class Image3Controller {
  readonly #responder: ImageResponder;

  constructor(@Inject(ImageResponder) responder: ImageResponder) {
    this.#responder = responder;
  }

  @Get(':identifier')
  @Redirect(undefined, HttpStatus.SEE_OTHER)
  base(@Param('identifier') identifier: string, @Execution() context: ExecutionContext): { url: string } {
    return { url: this.#responder.informationUri({ version: 3, identifier }, context) };
  }

  @Get(':identifier/info.json')
  information(@Param('identifier') identifier: string, @Execution() context: ExecutionContext): Promise<unknown> {
    return this.#responder.information({ version: 3, identifier }, context);
  }

  @Get(':identifier/:region/:size/:rotation/:file')
  picture(@Param() params: ImageParams, @Execution() context: ExecutionContext): Promise<unknown> {
    const { identifier, ...segments } = params;
    return this.#responder.picture({ version: 3, identifier }, segments, context);
  }
}
