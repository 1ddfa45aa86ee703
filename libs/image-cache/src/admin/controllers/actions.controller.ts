import { Body, Controller, HttpCode, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import { clientSignal } from '../../nest/client-signal.js';
import type { RoutedRequest } from '../../nest/http-exchange.js';
import type { CacheEventMap } from '../../observability/events.js';
import type { Prefetcher } from '../../prefetch/prefetcher.js';
import type { ImageCache, SweepOptions } from '../../service/image-cache.js';
import type { SweepStepName } from '../../maintenance/steps.js';
import type { SweepReport } from '../../maintenance/sweep.js';
import { ADMIN_CACHE, ADMIN_PREFETCHER } from '../admin-options.js';
import { Audit, targetsOf } from '../audit.js';
import { changeImage, lookAtChange, sumChanges, type Changed } from '../changing.js';
import { ChangedDto, ChangedReportDto, ConfiguredDto, SweepDto, SweepReportDto } from '../dto/actions.dto.js';
import { Answers, DescribedChange, DescribedChangeAlways, DryRun } from '../dto/problems.js';
import type { Asked } from '../asked.js';
import { Fields, refuseFields, wrong } from '../input/fields.js';
import type { Reply } from '../reply.js';
import { outcomeOf } from '../tasks/task-outcome.js';

/** Steps, or images, that one request may name. */
const MOST = 1000;

/** What an operator has done now. */
@ApiTags('actions')
@Controller('actions')
export class ActionsController {
  readonly #cache: ImageCache;
  readonly #prefetcher: Prefetcher | undefined;
  readonly #audit: Audit;
  #counting: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(ADMIN_CACHE) cache: ImageCache,
    @Inject(ADMIN_PREFETCHER) prefetcher: Prefetcher | undefined,
    @Inject(Audit) audit: Audit,
  ) {
    this.#cache = cache;
    this.#prefetcher = prefetcher;
    this.#audit = audit;
  }

  @Post('prune')
  @HttpCode(200)
  @ApiOperation({ summary: 'Evicts the least recently used entries where a store is fuller than it may be.' })
  @DryRun()
  @Answers(200, 'What was done, or would be.', SweepReportDto)
  @DescribedChangeAlways()
  prune(
    @Query() query: unknown,
    @Body() body: unknown,
    @Req() request: RoutedRequest,
    @Res({ passthrough: true }) reply: Reply & ServerResponse,
  ): Promise<SweepReport> {
    Fields.of(body, [], 'body');
    return this.#sweep(
      { request, reply },
      { what: 'prune', query, sweep: (how) => this.#cache.sweep({ ...how, steps: ['bounds'] }) },
    );
  }

  @Post('clean')
  @HttpCode(200)
  @ApiOperation({ summary: 'Removes abandoned writes, files that are no entries, empty directories and trash.' })
  @DryRun()
  @Answers(200, 'What was done, or would be.', SweepReportDto)
  @DescribedChangeAlways()
  clean(
    @Query() query: unknown,
    @Body() body: unknown,
    @Req() request: RoutedRequest,
    @Res({ passthrough: true }) reply: Reply & ServerResponse,
  ): Promise<SweepReport> {
    Fields.of(body, [], 'body');
    return this.#sweep({ request, reply }, { what: 'clean', query, sweep: (how) => this.#cache.cleanUp(how) });
  }

  @Post('sweep')
  @HttpCode(200)
  @ApiOperation({ summary: 'Does a shift of the worker, or some of its steps.' })
  @ApiBody({ type: SweepDto, required: false })
  @DryRun()
  @Answers(200, 'What was done, or would be.', SweepReportDto)
  @DescribedChangeAlways()
  sweep(
    @Query() query: unknown,
    @Body() body: unknown,
    @Req() request: RoutedRequest,
    @Res({ passthrough: true }) reply: Reply & ServerResponse,
  ): Promise<SweepReport> {
    // What is no name of a step is refused by the cache.
    const steps = Fields.of(body, ['steps'], 'body').texts('steps', MOST) as readonly SweepStepName[] | undefined;
    const sweep = (how: SweepOptions): Promise<SweepReport> => this.#cache.sweep({ ...how, ...(steps && { steps }) });
    return this.#sweep({ request, reply }, { what: 'sweep', query, sweep });
  }

  @Post('changed')
  @HttpCode(200)
  @ApiOperation({ summary: 'Says that source images have changed: evicts them, and queues again what was warm.' })
  @ApiBody({ type: ChangedDto })
  @DryRun()
  @Answers(200, 'What was evicted, or would be.', ChangedReportDto)
  @DescribedChange()
  async changed(
    @Query() query: unknown,
    @Body() body: unknown,
    @Req() request: RoutedRequest,
  ): Promise<ChangedReportDto> {
    const dryRun = Fields.of(query, ['dryRun'], 'query').flag('dryRun');
    const fields = Fields.of(body, ['identifier', 'identifiers'], 'body');
    const identifiers = fields.has('identifier')
      ? [fields.requiredText('identifier')]
      : fields.texts('identifiers', MOST);
    if (identifiers === undefined) throw wrong('identifier', 'is missing; give it, or identifiers.');
    if (fields.has('identifier') && fields.has('identifiers'))
      throw wrong('identifiers', 'there is an identifier, too.');
    return dryRun ? this.#lookAt(identifiers) : this.#change(request, identifiers);
  }

  @Post('configure')
  @HttpCode(200)
  @ApiOperation({ summary: 'Changes options while the cache is in use.' })
  @ApiBody({ schema: { type: 'object', additionalProperties: true, example: { hot: '64MB' } } })
  @Answers(200, 'The options that have other values now.', ConfiguredDto)
  @DescribedChangeAlways()
  configure(@Query() query: unknown, @Body() body: unknown, @Req() request: RoutedRequest): ConfiguredDto {
    refuseFields({ query });
    let change: CacheEventMap['configured'] = { changed: [], options: {} };
    const stop = this.#cache.on('configured', (event) => (change = event));
    try {
      // What is no option, or none with this value, is refused by the cache.
      this.#cache.configure(body ?? {});
    } finally {
      stop();
    }
    const { changed, options } = change;
    const values = changed.length > 0 && { options };
    this.#audit.tell(request, { what: 'configure', counts: { changed: changed.length }, ...values });
    return { changed };
  }

  /** What has changed before another one fails is told, too. */
  async #change(request: RoutedRequest, identifiers: readonly string[]): Promise<Changed> {
    const done: Changed[] = [];
    try {
      await this.#audit.attempt(request, { what: 'changed', ...targetsOf(identifiers) }, async () => {
        for (const identifier of identifiers) done.push(await changeImage(identifier, this.#parts));
      });
      return sumChanges(done);
    } finally {
      const { evicted, requeued } = sumChanges(done);
      const counts = { ...evicted, requeued, images: done.length };
      const isPartial = done.length < identifiers.length && { isPartial: true };
      const told = { what: 'changed', ...targetsOf(identifiers.slice(0, done.length)), counts, ...isPartial };
      if (done.length > 0) this.#audit.tell(request, told);
    }
  }

  async #lookAt(identifiers: readonly string[]): Promise<Changed> {
    const seen: Changed[] = [];
    for (const identifier of identifiers) seen.push(await lookAtChange(identifier, this.#parts));
    return sumChanges(seen);
  }

  get #parts(): Asked {
    return { cache: this.#cache, prefetcher: this.#prefetcher };
  }

  async #sweep({ request, reply }: Exchange, { what, query, sweep }: Sweep): Promise<SweepReport> {
    const dryRun = Fields.of(query, ['dryRun'], 'query').flag('dryRun');
    const work = dryRun ? () => this.#count(sweep, clientSignal(reply.raw ?? reply)) : () => sweep({});
    const report = await this.#audit.attempt(request, { what }, work);
    if (!dryRun) this.#audit.tell(request, { what, ...outcomeOf(report) });
    return report;
  }

  /** What has all entries looked at is done once at a time, and for as long as somebody waits for it. */
  #count(sweep: Sweep['sweep'], signal: AbortSignal): Promise<SweepReport> {
    const counted = this.#counting.then(() => sweep({ dryRun: true, signal }));
    this.#counting = counted.catch(() => undefined);
    return counted;
  }
}

interface Exchange {
  readonly request: RoutedRequest;
  readonly reply: Reply & ServerResponse;
}

interface Sweep {
  readonly what: string;
  readonly query: unknown;
  readonly sweep: (how: SweepOptions) => Promise<SweepReport>;
}
