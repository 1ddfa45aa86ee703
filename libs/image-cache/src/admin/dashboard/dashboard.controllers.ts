import {
  Controller,
  Get,
  Header,
  Inject,
  NotFoundException,
  Param,
  Query,
  Req,
  Res,
  ServiceUnavailableException,
} from '@nestjs/common';
import { ApiExcludeController, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { NEVER_STORED } from '../../http/cache-control.js';
import { isNotModified } from '../../http/conditional.js';
import { formatEtag } from '../../http/entity-tags.js';
import { awaitTurn } from '../../nest/pipelining.js';
import { HistoryDto } from '../dto/dashboard.dto.js';
import { Answers, Described, DescribedAlways } from '../dto/problems.js';
import { Fields, refuseFields } from '../input/fields.js';
import { DashboardFeed, type DashboardHistory } from './dashboard-feed.js';
import { DashboardPage, PAGE_HEADERS, type Asset } from './dashboard-page.js';

/** The longest history there is; seconds. */
const LONGEST = 2 * 86_400;

/** Seconds, where nobody says for how long. */
const DEFAULT_SPAN = 3600;

/** What replies of Fastify and responses of Express have in common, as far as it is needed. */
interface Reply {
  /** The response of Node, where this is a reply of Fastify. */
  readonly raw?: ServerResponse;
  /** Tells Fastify that it is answered by somebody else. */
  hijack?(): unknown;
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/** Tells what the cache does; relative to the path of the admin API. */
@ApiTags('dashboard')
@Controller()
export class DashboardFeedController {
  readonly #given: DashboardFeed | undefined;

  constructor(@Inject(DashboardFeed) feed: DashboardFeed | undefined) {
    this.#given = feed;
  }

  @Get('history')
  @ApiOperation({ summary: 'Time series of the last so many seconds.' })
  @ApiQuery({ name: 'seconds', required: false, type: Number, description: '1 to 172800; 3600 by default.' })
  @Answers(200, 'What was.', HistoryDto)
  @DescribedAlways(404)
  @Header('Cache-Control', NEVER_STORED)
  history(@Query() query: unknown): Promise<DashboardHistory> {
    const seconds = Fields.of(query, ['seconds'], 'query').integer('seconds', { min: 1, max: LONGEST });
    return this.#feed.history(seconds ?? DEFAULT_SPAN);
  }

  @Get('events')
  @ApiOperation({ summary: 'Server-sent events: `pulse`, `sample` and `notice`.' })
  @ApiResponse({ status: 200, description: 'As long as one listens.', content: { 'text/event-stream': {} } })
  @Described(404)
  async events(@Query() query: unknown, @Res() reply: Reply & ServerResponse): Promise<void> {
    refuseFields({ query });
    const response = reply.raw ?? reply;
    // A stream that waits behind another one of its connection would hold a place, and never be told of its end.
    await awaitTurn(response);
    if (!this.#feed.hasRoom)
      throw new ServiceUnavailableException('Too many look at the dashboard, or the server ends.');
    reply.hijack?.();
    this.#feed.stream(response);
  }

  get #feed(): DashboardFeed {
    return required(this.#given);
  }
}

/** The page and its files; relative to the path of the admin API. */
@ApiExcludeController()
@Controller()
export class DashboardPageController {
  readonly #given: DashboardPage | undefined;

  constructor(@Inject(DashboardPage) page: DashboardPage | undefined) {
    this.#given = page;
  }

  @Get()
  page(@Req() request: Addressed, @Res({ passthrough: true }) reply: Reply): string {
    setHeaders(reply, { ...PAGE_HEADERS, 'Cache-Control': NEVER_STORED, 'Content-Type': 'text/html; charset=utf-8' });
    return this.#page.at(request.originalUrl ?? request.url ?? '');
  }

  @Get('assets/:name')
  asset(@Param('name') name: string, @Req() request: Addressed, @Res({ passthrough: true }) reply: Reply): unknown {
    const asset = this.#page.asset(name);
    if (asset === undefined) throw new NotFoundException(`The dashboard has no file ${JSON.stringify(name)}.`);
    // Asked again every time and answered with 304: a new version shows at once.
    setHeaders(reply, { ...PAGE_HEADERS, 'Cache-Control': 'private, no-cache', ETag: formatEtag(asset.digest) });
    if (isKnown(request, asset)) {
      reply.status(304);
      return undefined;
    }
    reply.header('Content-Type', asset.type);
    return asset.body.toString();
  }

  get #page(): DashboardPage {
    return required(this.#given);
  }
}

/** What requests of Express and Fastify have in common, as far as it is needed. */
type Addressed = Pick<IncomingMessage, 'headers' | 'url'> & { readonly originalUrl?: string };

/** @throws NotFoundException where there is no dashboard */
function required<T>(given: T | undefined): T {
  if (given === undefined) throw new NotFoundException('There is no dashboard.');
  return given;
}

function isKnown({ headers }: Addressed, { digest }: Asset): boolean {
  return isNotModified({ ifNoneMatch: headers['if-none-match'] }, { digest });
}

function setHeaders(reply: Reply, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
}
