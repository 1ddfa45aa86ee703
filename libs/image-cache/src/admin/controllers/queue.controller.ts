import { Controller, Delete, Get, HttpCode, Inject, NotFoundException, Param, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { RoutedRequest } from '../../nest/http-exchange.js';
import type { Prefetcher } from '../../prefetch/prefetcher.js';
import { ADMIN_PREFETCHER } from '../admin-options.js';
import { Audit } from '../audit.js';
import { Answers, Described, DescribedChange, OfImage } from '../dto/problems.js';
import { JobsDto } from '../dto/queue.dto.js';
import { Fields, parseIdentifier, wrong } from '../input/fields.js';
import { isJobCursor } from '../../prefetch/queue/job-list.js';
import { requirePrefetcher } from '../require-prefetcher.js';
import { shownJob } from '../shapes.js';

const STATES = ['queued', 'running', 'dead'] as const;

/** What is to be cached before it is asked for. */
@ApiTags('queue')
@Controller('queue')
export class QueueController {
  readonly #prefetcher: Prefetcher | undefined;
  readonly #audit: Audit;

  constructor(@Inject(ADMIN_PREFETCHER) prefetcher: Prefetcher | undefined, @Inject(Audit) audit: Audit) {
    this.#prefetcher = prefetcher;
    this.#audit = audit;
  }

  @Get()
  @ApiOperation({ summary: 'Lists jobs page by page, the next to be done first.' })
  @ApiQuery({ name: 'state', required: false, enum: STATES })
  @ApiQuery({ name: 'after', required: false, type: String, description: '`next` of the page before.' })
  @ApiQuery({ name: 'limit', required: false, type: Number, description: '1 to 1000; 100 by default.' })
  @Answers(200, 'A page.', JobsDto)
  @Described(404)
  async list(@Query() query: unknown): Promise<JobsDto> {
    const prefetcher = requirePrefetcher(this.#prefetcher);
    const fields = Fields.of(query, ['state', 'after', 'limit'], 'query');
    const state = fields.choice('state', STATES);
    const after = fields.text('after');
    if (after !== undefined && !isJobCursor(after)) throw wrong('after', 'is not the `next` of a page before.');
    const limit = fields.integer('limit', { min: 1, max: 1000 }) ?? 100;
    const options = { limit, ...(state && { state }), ...(after !== undefined && { after }) };
    const { jobs, next } = await prefetcher.jobs(options);
    return { jobs: jobs.map(shownJob), ...(next !== undefined && { next }) };
  }

  @Delete(':identifier')
  @OfImage()
  @HttpCode(204)
  @ApiOperation({ summary: 'Takes the job of an image out of the queue.' })
  @Answers(204, 'It is out of the queue.')
  @DescribedChange(404)
  async remove(
    @Param('identifier') given: unknown,
    @Query() query: unknown,
    @Req() request: RoutedRequest,
  ): Promise<void> {
    const prefetcher = requirePrefetcher(this.#prefetcher);
    const identifier = parseIdentifier(given);
    Fields.of(query, [], 'query');
    const deed = { what: 'unqueue', target: identifier };
    const isRemoved = await this.#audit.attempt(request, deed, () => prefetcher.remove(identifier));
    if (!isRemoved) throw new NotFoundException('identifier: this image is not queued.');
    this.#audit.tell(request, { ...deed, counts: { queued: 1 } });
  }
}
