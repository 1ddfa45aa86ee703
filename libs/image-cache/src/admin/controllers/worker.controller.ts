import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { CacheWorker } from '../../worker/cache-worker.js';
import { ADMIN_WORKER } from '../admin-options.js';
import { Answers, DescribedAlways } from '../dto/problems.js';
import { ShiftsDto } from '../dto/status.dto.js';
import { Fields } from '../input/fields.js';
import { isoTime } from '../shapes.js';

/** What the worker has done. */
@ApiTags('status')
@Controller('worker')
export class WorkerController {
  readonly #worker: CacheWorker;

  constructor(@Inject(ADMIN_WORKER) worker: CacheWorker) {
    this.#worker = worker;
  }

  @Get('shifts')
  @ApiOperation({ summary: 'Tells the last shifts of the worker of this process, the newest first.' })
  @Answers(200, 'The last twenty.', ShiftsDto)
  @DescribedAlways()
  shifts(@Query() query: unknown): ShiftsDto {
    Fields.of(query, [], 'query');
    const shifts = this.#worker.shifts.map(({ startedAt, at, report }) => ({
      startedAt: isoTime(startedAt),
      endedAt: isoTime(at),
      report,
    }));
    return { shifts };
  }
}
