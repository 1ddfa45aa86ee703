import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { StoreFeatures } from '../../ports/cache-store.js';
import type { Kind, Usage } from '../../ports/entry.js';
import type { ImageCacheStats } from '../../service/image-cache.js';
import { SweepReportDto } from './actions.dto.js';
import { KINDS } from './cache.dto.js';
import { PrefetchStatusDto } from './queue.dto.js';

/** Entries and bytes of a kind. */
export class UsageDto {
  @ApiProperty({ type: Number })
  readonly entries!: number;

  @ApiProperty({ type: Number })
  readonly bytes!: number;
}

/** Entries and bytes by kind. */
export class UsagesDto implements Record<Kind, Usage> {
  @ApiProperty({ type: UsageDto })
  readonly info!: UsageDto;

  @ApiProperty({ type: UsageDto })
  readonly variant!: UsageDto;

  @ApiProperty({ type: UsageDto })
  readonly source!: UsageDto;
}

/** How much there may be of the variants. */
export class BoundsDto {
  @ApiPropertyOptional({ type: Number, description: 'Bytes.' })
  readonly maxSize?: number;

  @ApiPropertyOptional({ type: Number })
  readonly maxEntries?: number;
}

/** The process that has answered. */
export class ProcessDto {
  @ApiProperty({ type: Number })
  readonly pid!: number;

  @ApiProperty({ type: Number, description: 'Bytes.' })
  readonly rss!: number;

  @ApiProperty({ type: Number, description: 'Bytes.' })
  readonly heapUsed!: number;
}

/** The worker of this process. */
export class WorkerDto {
  @ApiProperty({ type: Boolean })
  readonly enabled!: boolean;

  @ApiPropertyOptional({ type: Number, description: 'Milliseconds between two shifts.' })
  readonly interval?: number;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  readonly nextAt?: string;

  @ApiPropertyOptional({ type: String, format: 'date-time', description: 'When the last shift ended.' })
  readonly lastAt?: string;

  @ApiPropertyOptional({ type: SweepReportDto })
  readonly lastReport?: SweepReportDto;
}

/** A shift of the worker. */
export class ShiftDto {
  @ApiProperty({ type: String, format: 'date-time' })
  readonly startedAt!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  readonly endedAt!: string;

  @ApiProperty({ type: SweepReportDto })
  readonly report!: SweepReportDto;
}

/** What the worker of this process has done. */
export class ShiftsDto {
  @ApiProperty({ type: [ShiftDto], description: 'The last twenty, the newest first.' })
  readonly shifts!: readonly ShiftDto[];
}

/** Whether calls are left out for a while, since they have failed. */
export class BreakerDto {
  @ApiProperty({ type: Boolean })
  readonly reads!: boolean;

  @ApiProperty({ type: Boolean })
  readonly writes!: boolean;

  @ApiProperty({ type: Boolean })
  readonly leases!: boolean;
}

/** A store of the cache. */
export class StoreDto {
  @ApiProperty({ type: String })
  readonly name!: string;

  @ApiProperty({ enum: KINDS, isArray: true })
  readonly kinds!: readonly Kind[];

  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly features!: StoreFeatures;

  @ApiProperty({ type: Boolean, description: 'Whether its index is being made anew, and may not know all entries.' })
  readonly indexing!: boolean;

  @ApiProperty({ type: BreakerDto, description: 'True where calls are left out.' })
  readonly breaker!: BreakerDto;
}

/** How the cache is. */
export class StatusDto {
  @ApiProperty({ type: String })
  readonly name!: string;

  @ApiProperty({ type: String })
  readonly version!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  readonly startedAt!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  readonly now!: string;

  @ApiProperty({ type: ProcessDto })
  readonly process!: ProcessDto;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'Counters since the start.' })
  readonly stats!: ImageCacheStats;

  @ApiPropertyOptional({ type: UsagesDto, description: 'Left out until the stores have told for the first time.' })
  readonly usage?: UsagesDto;

  @ApiPropertyOptional({ type: BoundsDto })
  readonly bounds?: BoundsDto;

  @ApiPropertyOptional({ type: Number, description: 'Bytes in the heap level in front of the variants.' })
  readonly hotBytes?: number;

  @ApiProperty({ type: WorkerDto })
  readonly worker!: WorkerDto;

  @ApiPropertyOptional({ type: PrefetchStatusDto, description: 'Where prefetching is enabled.' })
  readonly prefetch?: PrefetchStatusDto;

  @ApiProperty({ enum: KINDS, isArray: true, description: 'What is cached.' })
  readonly kinds!: readonly Kind[];

  @ApiProperty({ type: [StoreDto] })
  readonly stores!: readonly StoreDto[];
}
