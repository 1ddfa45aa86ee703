import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Put,
  Query,
  Req,
  Res,
  ServiceUnavailableException,
} from '@nestjs/common';
import { ApiBody, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import { clientSignal } from '../../nest/client-signal.js';
import type { RoutedRequest } from '../../nest/http-exchange.js';
import { describeImage } from '../../prefetch/describe-image.js';
import type { Prefetcher } from '../../prefetch/prefetcher.js';
import type { ImageCache } from '../../service/image-cache.js';
import { countEntries } from '../../stores/count-evicted.js';
import { ADMIN_CACHE, ADMIN_PREFETCHER } from '../admin-options.js';
import { Audit } from '../audit.js';
import { ClearedDto, CountsDto, EntriesDto, ImageDto, KINDS } from '../dto/cache.dto.js';
import { Answers, Described, DescribedChange, DryRun, OfImage } from '../dto/problems.js';
import { EnqueueDto, EnqueuedDto } from '../dto/queue.dto.js';
import { Fields, parseIdentifier, refuseFields } from '../input/fields.js';
import { queueWishes } from '../input/task-order.js';
import { clearTarget, TARGETS } from '../clearing.js';
import { listPage, listTop, ORDERS, parseListing, queueSummary, type Listing } from '../listing-page.js';
import type { Reply } from '../reply.js';
import { requirePrefetcher } from '../require-prefetcher.js';
import { countsOf, shownImage, shownJob } from '../shapes.js';

/** What is cached: lists, tells, evicts and queues. */
@ApiTags('cache')
@Controller('cache')
export class CacheController {
  readonly #cache: ImageCache;
  readonly #prefetcher: Prefetcher | undefined;
  readonly #audit: Audit;
  #isRanking = false;

  constructor(
    @Inject(ADMIN_CACHE) cache: ImageCache,
    @Inject(ADMIN_PREFETCHER) prefetcher: Prefetcher | undefined,
    @Inject(Audit) audit: Audit,
  ) {
    this.#cache = cache;
    this.#prefetcher = prefetcher;
    this.#audit = audit;
  }

  @Get()
  @ApiOperation({ summary: 'Lists entries page by page, and the first jobs of the queue.' })
  @ApiQuery({ name: 'kind', required: false, enum: KINDS })
  @ApiQuery({
    name: 'order',
    required: false,
    enum: ORDERS,
    description: 'By address, or the least recently used first; or the first ones of all by hits, size or age.',
  })
  @ApiQuery({ name: 'after', required: false, type: String, description: '`next` of the page before.' })
  @ApiQuery({ name: 'limit', required: false, type: Number, description: '1 to 1000; 100 by default.' })
  @Answers(200, 'A page.', EntriesDto)
  @Described()
  async list(@Query() query: unknown, @Res({ passthrough: true }) reply: Reply & ServerResponse): Promise<EntriesDto> {
    const listing = parseListing(query);
    const page = await this.#list(listing, reply.raw ?? reply);
    return this.#prefetcher === undefined ? page : { ...page, queue: await queueSummary(this.#prefetcher) };
  }

  @Get(':identifier')
  @OfImage()
  @ApiOperation({ summary: 'Tells what there is of an image.' })
  @Answers(200, 'The image.', ImageDto)
  @Described(404)
  async describe(@Param('identifier') identifier: unknown, @Query() query: unknown): Promise<ImageDto> {
    refuseFields({ query });
    const parts = { cache: this.#cache, prefetcher: this.#prefetcher };
    const found = await describeImage(parseIdentifier(identifier), parts);
    if (found === undefined) throw new NotFoundException('identifier: nothing is known of this image.');
    return shownImage(found);
  }

  @Delete(':identifier')
  @OfImage()
  @ApiOperation({ summary: 'Evicts an image.' })
  @DryRun()
  @Answers(200, 'What would be evicted, of a dry run.', CountsDto)
  @Answers(204, 'It is evicted.')
  @DescribedChange(404)
  async evict(
    @Param('identifier') given: unknown,
    @Query() query: unknown,
    @Req() request: RoutedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<CountsDto | undefined> {
    const identifier = parseIdentifier(given);
    if (Fields.of(query, ['dryRun'], 'query').flag('dryRun'))
      return countEntries(await this.#cache.entriesOf(identifier));
    const deed = { what: 'evict', target: identifier };
    const counts = countsOf(await this.#audit.attempt(request, deed, () => this.#cache.evict(identifier)));
    this.#audit.tell(request, { ...deed, counts: { ...counts } });
    const isNothing = counts.infos + counts.variants + counts.sources === 0;
    // Of what some stores cannot count, nobody knows whether it was there.
    if (isNothing && this.#cache.stores.every(({ features }) => features.enumerable))
      throw new NotFoundException('identifier: nothing is cached of this image.');
    reply.status(204);
    return undefined;
  }

  @Delete()
  @ApiOperation({ summary: 'Evicts all of a kind, empties the queue, or both.' })
  @ApiQuery({ name: 'target', required: true, enum: TARGETS })
  @DryRun()
  @Answers(200, 'What was cleared, or would be.', ClearedDto)
  @DescribedChange(404)
  async clear(@Query() query: unknown, @Req() request: RoutedRequest): Promise<ClearedDto> {
    const fields = Fields.of(query, ['target', 'dryRun'], 'query');
    const target = fields.requiredChoice('target', TARGETS);
    const dryRun = fields.flag('dryRun');
    const parts = { cache: this.#cache, prefetcher: this.#prefetcher };
    const deed = { what: 'clear', target };
    const cleared = await this.#audit.attempt(request, deed, () => clearTarget(target, dryRun, parts));
    if (!dryRun) this.#audit.tell(request, { ...deed, counts: { ...cleared } });
    return cleared;
  }

  @Put(':identifier')
  @OfImage()
  @HttpCode(202)
  @ApiOperation({ summary: 'Queues an image, to be cached before it is asked for.' })
  @ApiBody({ type: EnqueueDto, required: false })
  @Answers(202, 'What became of it.', EnqueuedDto)
  @DescribedChange(404)
  async enqueue(
    @Param('identifier') given: unknown,
    @Query() query: unknown,
    @Body() body: unknown,
    @Req() request: RoutedRequest,
  ): Promise<EnqueuedDto> {
    const prefetcher = requirePrefetcher(this.#prefetcher);
    refuseFields({ query });
    const identifier = parseIdentifier(given);
    const fields = Fields.of(body, ['variants', 'priority'], 'body');
    const wanted = { identifier, ...queueWishes(fields) };
    const deed = { what: 'queue', target: identifier };
    const { status, job } = await this.#audit.attempt(request, deed, () => prefetcher.enqueue(wanted));
    this.#audit.tell(request, { ...deed, counts: { queued: status === 'queued' ? 1 : 0 } });
    return { status, ...(job && { job: shownJob(job) }) };
  }

  /** What has all entries looked at is done once at a time, and for as long as somebody waits for it. */
  async #list(listing: Listing, response: ServerResponse): Promise<Omit<EntriesDto, 'queue'>> {
    const { by, page = {}, limit } = listing;
    if (by === undefined) return listPage(this.#cache, page, limit);
    if (this.#isRanking)
      throw new ServiceUnavailableException('order: this one looks at all entries, and such a listing is under way.');
    this.#isRanking = true;
    try {
      return await listTop(this.#cache, listing, { by, signal: clientSignal(response) });
    } finally {
      this.#isRanking = false;
    }
  }
}
