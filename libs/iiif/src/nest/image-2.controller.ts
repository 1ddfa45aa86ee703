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

/** IIIF Image API 2.1. */
@Controller('iiif/2')
@UseFilters(IiifExceptionFilter)
export class Image2Controller {
  readonly #responder: ImageResponder;

  constructor(@Inject(ImageResponder) responder: ImageResponder) {
    this.#responder = responder;
  }

  @Get(':identifier')
  @Redirect(undefined, HttpStatus.SEE_OTHER)
  base(@Param('identifier') identifier: string, @Execution() context: ExecutionContext): { url: string } {
    return { url: this.#responder.informationUri({ version: 2, identifier }, context) };
  }

  @Get(':identifier/info.json')
  information(@Param('identifier') identifier: string, @Execution() context: ExecutionContext): Promise<unknown> {
    return this.#responder.information({ version: 2, identifier }, context);
  }

  @Get(':identifier/:region/:size/:rotation/:file')
  picture(@Param() params: ImageParams, @Execution() context: ExecutionContext): Promise<unknown> {
    const { identifier, ...segments } = params;
    return this.#responder.picture({ version: 2, identifier }, segments, context);
  }
}
