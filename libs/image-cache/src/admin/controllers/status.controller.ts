import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CacheStatus } from '../cache-status.js';
import { Answers, Described } from '../dto/problems.js';
import { StatusDto } from '../dto/status.dto.js';
import { refuseFields } from '../input/fields.js';

/** How the cache is. */
@ApiTags('status')
@Controller('status')
export class StatusController {
  readonly #status: CacheStatus;

  constructor(@Inject(CacheStatus) status: CacheStatus) {
    this.#status = status;
  }

  @Get()
  @ApiOperation({ summary: 'Tells counters, sizes, and what is under way.' })
  @Answers(200, 'How it is.', StatusDto)
  @Described()
  status(@Query() query: unknown): Promise<StatusDto> {
    refuseFields({ query });
    return this.#status.now();
  }
}
