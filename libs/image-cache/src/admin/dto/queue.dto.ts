import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { PrefetchState } from '../../prefetch/prefetcher.js';

/** How far a job is. */
export class JobProgressDto {
  @ApiProperty({ type: Number })
  readonly total!: number;

  @ApiProperty({ type: Number })
  readonly done!: number;

  @ApiProperty({ type: Number })
  readonly cached!: number;

  @ApiProperty({ type: Number })
  readonly failed!: number;

  @ApiProperty({ type: Number, description: 'Variants that this image cannot have.' })
  readonly omitted!: number;
}

/** An image that is to be cached before it is asked for. */
export class JobDto {
  @ApiProperty({ type: String })
  readonly id!: string;

  @ApiProperty({ type: String })
  readonly identifier!: string;

  @ApiPropertyOptional({ type: [String], description: 'The configured ones when absent.' })
  readonly variants?: readonly string[];

  @ApiProperty({ type: Number, description: 'Greater goes first.' })
  readonly priority!: number;

  @ApiProperty({ enum: ['queued', 'running', 'dead'] })
  readonly state!: PrefetchState;

  @ApiProperty({ type: String, format: 'date-time' })
  readonly queuedAt!: string;

  @ApiProperty({ type: Number, description: 'Attempts that have failed.' })
  readonly attempts!: number;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  readonly notBefore?: string;

  @ApiPropertyOptional({ type: JobProgressDto })
  readonly progress?: JobProgressDto;

  @ApiPropertyOptional({ type: String, description: 'Why the last attempt failed.' })
  readonly error?: string;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    description: 'Since when its attempts have been failing, but for the time when it could be tried and was not.',
  })
  readonly failingSince?: string;
}

/** A page of jobs. */
export class JobsDto {
  @ApiProperty({ type: [JobDto] })
  readonly jobs!: readonly JobDto[];

  @ApiPropertyOptional({ type: String, description: '`after` of the next page; absent on the last one.' })
  readonly next?: string;
}

/** What to cache of an image. */
export class EnqueueDto {
  @ApiPropertyOptional({ type: [String], example: ['full/400,/0/default.jpg'] })
  readonly variants?: readonly string[];

  @ApiPropertyOptional({ type: Number, default: 0, description: 'Greater goes first.' })
  readonly priority?: number;
}

/** What became of it. */
export class EnqueuedDto {
  @ApiProperty({ enum: ['queued', 'already-queued', 'writing', 'cached'] })
  readonly status!: string;

  @ApiPropertyOptional({ type: JobDto, description: 'Absent when everything is cached.' })
  readonly job?: JobDto;
}

/** What there is of an image. */
export class WarmthDto {
  @ApiProperty({ type: String })
  readonly identifier!: string;

  @ApiProperty({ type: Boolean })
  readonly isWarm!: boolean;

  @ApiProperty({ type: Boolean })
  readonly info!: boolean;

  @ApiPropertyOptional({ type: Boolean })
  readonly source?: boolean;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'boolean' } })
  readonly variants!: Readonly<Record<string, boolean>>;
}

/** Which jobs to do again. */
export class RetryDto {
  @ApiPropertyOptional({ type: String, description: 'All that have failed when absent.' })
  readonly identifier?: string;
}

/** How many jobs are done again. */
export class RetriedDto {
  @ApiProperty({ type: Number })
  readonly retried!: number;
}

/** What the prefetcher has done and has to do. */
export class PrefetchStatusDto {
  @ApiProperty({ type: Boolean })
  readonly isPaused!: boolean;

  @ApiProperty({ type: Number })
  readonly queued!: number;

  @ApiProperty({ type: Number })
  readonly running!: number;

  @ApiProperty({ type: Number })
  readonly dead!: number;

  @ApiProperty({ type: Number, description: 'Since the start.' })
  readonly completed!: number;

  @ApiProperty({ type: Number, description: 'Since the start.' })
  readonly failures!: number;

  @ApiPropertyOptional({ type: String, format: 'date-time', description: 'When the next sweep of the queue begins.' })
  readonly nextAt?: string;
}

/** What one sweep of the queue did. */
export class PrefetchReportDto {
  @ApiProperty({ type: Number })
  readonly completed!: number;

  @ApiProperty({ type: Number })
  readonly retried!: number;

  @ApiProperty({ type: Number })
  readonly dead!: number;

  @ApiProperty({ type: Number })
  readonly rendered!: number;

  @ApiProperty({ type: Number })
  readonly cached!: number;

  @ApiProperty({ type: Number })
  readonly failed!: number;

  @ApiProperty({ type: Number, description: 'Variants that were wanted of images that cannot have them.' })
  readonly omitted!: number;

  @ApiProperty({ type: Number, description: 'Milliseconds.' })
  readonly duration!: number;

  @ApiProperty({ type: Boolean })
  readonly aborted!: boolean;
}
