import { Body, Controller, HttpCode, Inject, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { RoutedRequest } from '../../nest/http-exchange.js';
import type { EvictedCounts } from '../../ports/entry.js';
import type { Prefetcher } from '../../prefetch/prefetcher.js';
import type { ImageCache, SweepOptions } from '../../service/image-cache.js';
import type { SweepStepName } from '../../maintenance/steps.js';
import type { SweepReport } from '../../maintenance/sweep.js';
import { ADMIN_CACHE, ADMIN_PREFETCHER } from '../admin-options.js';
import { Audit } from '../audit.js';
import { ChangedDto, ChangedReportDto, ConfiguredDto, SweepDto, SweepReportDto } from '../dto/actions.dto.js';
import { Answers, DescribedChange, DryRun } from '../dto/problems.js';
import { Fields, wrong } from '../input/fields.js';
import { countEntries, countSweep, countsOf } from '../shapes.js';
import { sumCounts } from '../../tiers/image-evictor.js';

/** Steps, or images, that one request may name. */
const MOST = 1000;

/** What an operator has done now. */
@ApiTags('actions')
@Controller('actions')
export class ActionsController {
  readonly #cache: ImageCache;
  readonly #prefetcher: Prefetcher | undefined;
  readonly #audit: Audit;

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
  @DescribedChange()
  prune(@Query() query: unknown, @Body() body: unknown, @Req() request: RoutedRequest): Promise<SweepReport> {
    Fields.of(body, [], 'body');
    return this.#sweep(request, {
      what: 'prune',
      query,
      sweep: (how) => this.#cache.sweep({ ...how, steps: ['bounds'] }),
    });
  }

  @Post('clean')
  @HttpCode(200)
  @ApiOperation({ summary: 'Removes abandoned writes, files that are no entries, empty directories and trash.' })
  @DryRun()
  @Answers(200, 'What was done, or would be.', SweepReportDto)
  @DescribedChange()
  clean(@Query() query: unknown, @Body() body: unknown, @Req() request: RoutedRequest): Promise<SweepReport> {
    Fields.of(body, [], 'body');
    return this.#sweep(request, { what: 'clean', query, sweep: (how) => this.#cache.cleanUp(how) });
  }

  @Post('sweep')
  @HttpCode(200)
  @ApiOperation({ summary: 'Does a shift of the worker, or some of its steps.' })
  @ApiBody({ type: SweepDto, required: false })
  @DryRun()
  @Answers(200, 'What was done, or would be.', SweepReportDto)
  @DescribedChange()
  sweep(@Query() query: unknown, @Body() body: unknown, @Req() request: RoutedRequest): Promise<SweepReport> {
    // What is no name of a step is refused by the cache.
    const steps = Fields.of(body, ['steps'], 'body').texts('steps', MOST) as readonly SweepStepName[] | undefined;
    const sweep = (how: SweepOptions): Promise<SweepReport> => this.#cache.sweep({ ...how, ...(steps && { steps }) });
    return this.#sweep(request, { what: 'sweep', query, sweep });
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
    const done: Changed[] = [];
    for (const identifier of identifiers) done.push(await (dryRun ? this.#look(identifier) : this.#change(identifier)));
    const evicted = countsOf(sumCounts(done.map((each) => each.evicted)));
    const requeued = done.reduce((sum, each) => sum + each.requeued, 0);
    if (dryRun) return { evicted, requeued };
    const target = identifiers.length === 1 ? identifiers[0] : undefined;
    const counts = { ...evicted, requeued, images: identifiers.length };
    this.#audit.tell(request, { what: 'changed', ...(target !== undefined && { target }), counts });
    return { evicted, requeued };
  }

  @Post('configure')
  @HttpCode(200)
  @ApiOperation({ summary: 'Changes options while the cache is in use.' })
  @ApiBody({ schema: { type: 'object', additionalProperties: true, example: { hot: '64MB' } } })
  @Answers(200, 'The options that have other values now.', ConfiguredDto)
  @DescribedChange()
  configure(@Body() body: unknown, @Req() request: RoutedRequest): ConfiguredDto {
    let changed: readonly string[] = [];
    const stop = this.#cache.on('configured', (event) => (changed = event.changed));
    try {
      // What is no option, or none with this value, is refused by the cache.
      this.#cache.configure(body ?? {});
    } finally {
      stop();
    }
    this.#audit.tell(request, { what: 'configure', target: changed.join(', '), counts: { changed: changed.length } });
    return { changed };
  }

  async #change(identifier: string): Promise<Changed> {
    if (this.#prefetcher !== undefined) return this.#prefetcher.changed(identifier);
    return { evicted: await this.#cache.changed(identifier), requeued: 0 };
  }

  /** What a change would do. */
  async #look(identifier: string): Promise<Changed> {
    const entries = await this.#cache.entriesOf(identifier);
    const evicted = countEntries(entries);
    return { evicted, requeued: this.#prefetcher === undefined ? 0 : evicted.variants };
  }

  async #sweep(request: RoutedRequest, { what, query, sweep }: Sweep): Promise<SweepReport> {
    const dryRun = Fields.of(query, ['dryRun'], 'query').flag('dryRun');
    const report = await sweep({ dryRun });
    if (!dryRun) this.#audit.tell(request, { what, counts: countSweep(report) });
    return report;
  }
}

interface Changed {
  readonly evicted: EvictedCounts;
  readonly requeued: number;
}

interface Sweep {
  readonly what: string;
  readonly query: unknown;
  readonly sweep: (how: SweepOptions) => Promise<SweepReport>;
}
