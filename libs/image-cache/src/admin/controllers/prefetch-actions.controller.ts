import { Body, Controller, HttpCode, Inject, NotFoundException, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { RoutedRequest } from '../../nest/http-exchange.js';
import type { Prefetcher } from '../../prefetch/prefetcher.js';
import { ADMIN_PREFETCHER } from '../admin-options.js';
import { Audit } from '../audit.js';
import { Answers, DescribedChange } from '../dto/problems.js';
import { PrefetchReportDto, PrefetchStatusDto, RetriedDto, RetryDto } from '../dto/queue.dto.js';
import { Fields, refuseFields } from '../input/fields.js';
import { requirePrefetcher } from '../require-prefetcher.js';
import { shownPrefetch } from '../shapes.js';
import { outcomeOf } from '../tasks/task-outcome.js';

/** What an operator has done with the queue now. */
@ApiTags('actions')
@Controller('actions')
export class PrefetchActionsController {
  readonly #prefetcher: Prefetcher | undefined;
  readonly #audit: Audit;

  constructor(@Inject(ADMIN_PREFETCHER) prefetcher: Prefetcher | undefined, @Inject(Audit) audit: Audit) {
    this.#prefetcher = prefetcher;
    this.#audit = audit;
  }

  @Post('prefetch')
  @HttpCode(200)
  @ApiOperation({ summary: 'Works the queue off now.' })
  @Answers(200, 'What was done.', PrefetchReportDto)
  @DescribedChange(404)
  async prefetch(
    @Query() query: unknown,
    @Body() body: unknown,
    @Req() request: RoutedRequest,
  ): Promise<PrefetchReportDto> {
    const prefetcher = requirePrefetcher(this.#prefetcher);
    refuseFields({ query, body });
    const deed = { what: 'prefetch' };
    const report = await this.#audit.attempt(request, deed, () => prefetcher.run());
    this.#audit.tell(request, { ...deed, ...outcomeOf(report) });
    return report;
  }

  @Post('pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Has all that share the queue begin no job any more, also after a restart.' })
  @Answers(200, 'How it is now.', PrefetchStatusDto)
  @DescribedChange(404)
  pause(@Query() query: unknown, @Body() body: unknown, @Req() request: RoutedRequest): Promise<PrefetchStatusDto> {
    return this.#switch(request, { query, body }, 'pause');
  }

  @Post('resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Has the prefetcher go on.' })
  @Answers(200, 'How it is now.', PrefetchStatusDto)
  @DescribedChange(404)
  resume(@Query() query: unknown, @Body() body: unknown, @Req() request: RoutedRequest): Promise<PrefetchStatusDto> {
    return this.#switch(request, { query, body }, 'resume');
  }

  @Post('retry')
  @HttpCode(200)
  @ApiOperation({ summary: 'Queues again what was given up, or waits since it has failed: one image, or all.' })
  @ApiBody({ type: RetryDto, required: false })
  @Answers(200, 'How many jobs.', RetriedDto)
  @DescribedChange(404)
  async retry(@Query() query: unknown, @Body() body: unknown, @Req() request: RoutedRequest): Promise<RetriedDto> {
    const prefetcher = requirePrefetcher(this.#prefetcher);
    refuseFields({ query });
    const identifier = Fields.of(body, ['identifier'], 'body').text('identifier');
    const deed = { what: 'retry', ...(identifier !== undefined && { target: identifier }) };
    const retried = await this.#audit.attempt(request, deed, () => prefetcher.retry(identifier));
    if (retried === 0 && identifier !== undefined)
      throw new NotFoundException('identifier: no job of this image has failed.');
    this.#audit.tell(request, { ...deed, counts: { retried } });
    return { retried };
  }

  async #switch(
    request: RoutedRequest,
    given: { readonly query: unknown; readonly body: unknown },
    what: 'pause' | 'resume',
  ): Promise<PrefetchStatusDto> {
    const prefetcher = requirePrefetcher(this.#prefetcher);
    refuseFields(given);
    await this.#audit.attempt(request, { what }, () => prefetcher[what]());
    this.#audit.tell(request, { what });
    return shownPrefetch(prefetcher.status());
  }
}
