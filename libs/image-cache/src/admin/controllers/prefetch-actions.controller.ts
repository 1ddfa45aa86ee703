import { Body, Controller, HttpCode, Inject, NotFoundException, Post, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { RoutedRequest } from '../../nest/http-exchange.js';
import type { Prefetcher } from '../../prefetch/prefetcher.js';
import { ADMIN_PREFETCHER } from '../admin-options.js';
import { Audit } from '../audit.js';
import { Answers, DescribedChange } from '../dto/problems.js';
import { PrefetchReportDto, PrefetchStatusDto, RetriedDto, RetryDto } from '../dto/queue.dto.js';
import { Fields } from '../input/fields.js';
import { requirePrefetcher } from '../require-prefetcher.js';
import { shownPrefetch } from '../shapes.js';

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
  async prefetch(@Body() body: unknown, @Req() request: RoutedRequest): Promise<PrefetchReportDto> {
    const prefetcher = requirePrefetcher(this.#prefetcher);
    Fields.of(body, [], 'body');
    const report = await prefetcher.run();
    const { completed, retried, dead } = report;
    this.#audit.tell(request, { what: 'prefetch', counts: { completed, retried, dead } });
    return report;
  }

  @Post('pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Has all that share the queue begin no job any more, also after a restart.' })
  @Answers(200, 'How it is now.', PrefetchStatusDto)
  @DescribedChange(404)
  pause(@Body() body: unknown, @Req() request: RoutedRequest): Promise<PrefetchStatusDto> {
    return this.#switch(request, body, 'pause');
  }

  @Post('resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Has the prefetcher go on.' })
  @Answers(200, 'How it is now.', PrefetchStatusDto)
  @DescribedChange(404)
  resume(@Body() body: unknown, @Req() request: RoutedRequest): Promise<PrefetchStatusDto> {
    return this.#switch(request, body, 'resume');
  }

  @Post('retry')
  @HttpCode(200)
  @ApiOperation({ summary: 'Queues again what was given up, or waits since it has failed: one image, or all.' })
  @ApiBody({ type: RetryDto, required: false })
  @Answers(200, 'How many jobs.', RetriedDto)
  @DescribedChange(404)
  async retry(@Body() body: unknown, @Req() request: RoutedRequest): Promise<RetriedDto> {
    const prefetcher = requirePrefetcher(this.#prefetcher);
    const identifier = Fields.of(body, ['identifier'], 'body').text('identifier');
    const retried = await prefetcher.retry(identifier);
    if (retried === 0 && identifier !== undefined)
      throw new NotFoundException('identifier: no job of this image has failed.');
    this.#audit.tell(request, {
      what: 'retry',
      ...(identifier !== undefined && { target: identifier }),
      counts: { retried },
    });
    return { retried };
  }

  async #switch(request: RoutedRequest, body: unknown, what: 'pause' | 'resume'): Promise<PrefetchStatusDto> {
    const prefetcher = requirePrefetcher(this.#prefetcher);
    Fields.of(body, [], 'body');
    await prefetcher[what]();
    this.#audit.tell(request, { what });
    return shownPrefetch(prefetcher.status());
  }
}
