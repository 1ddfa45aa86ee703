import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Kind } from '../../ports/entry.js';
import type { ImageInfo } from '../../ports/image-info.js';
import { JobDto, WarmthDto } from './queue.dto.js';

/** Kinds of entries. */
export const KINDS: readonly Kind[] = ['info', 'variant', 'source'];

/** An entry of the cache. */
export class EntryDto {
  @ApiProperty({ type: String, description: 'Of the source image.' })
  readonly identifier!: string;

  @ApiProperty({ enum: KINDS })
  readonly kind!: Kind;

  @ApiPropertyOptional({ type: String, description: 'What was done to the image; of variants.' })
  readonly operations?: string;

  @ApiProperty({ type: String, example: 'variant/9f86d0…/60303a….jpg' })
  readonly key!: string;

  @ApiProperty({ type: String })
  readonly contentType!: string;

  @ApiProperty({ type: Number, description: 'Bytes of the body.' })
  readonly size!: number;

  @ApiProperty({ type: String, format: 'date-time' })
  readonly createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  readonly lastAccess!: string;

  @ApiPropertyOptional({ type: Number, description: 'Where the store counts them.' })
  readonly hits?: number;

  @ApiPropertyOptional({ type: String, format: 'date-time', description: 'Where the source tells it.' })
  readonly sourceModified?: string;
}

/** The queue beside the entries. */
export class QueueSummaryDto {
  @ApiProperty({ type: [JobDto], description: 'The first hundred.' })
  readonly jobs!: readonly JobDto[];

  @ApiProperty({ type: Number })
  readonly queued!: number;

  @ApiProperty({ type: Number })
  readonly running!: number;

  @ApiProperty({ type: Number, description: 'Given up.' })
  readonly dead!: number;
}

/** A page of entries. */
export class EntriesDto {
  @ApiProperty({ type: [EntryDto] })
  readonly entries!: readonly EntryDto[];

  @ApiPropertyOptional({ type: String, description: '`after` of the next page; absent on the last one.' })
  readonly next?: string;

  @ApiPropertyOptional({
    enum: [true],
    description: 'By last access, entries may be missing: an index is being made anew.',
  })
  readonly partial?: true;

  @ApiPropertyOptional({ type: QueueSummaryDto, description: 'Where prefetching is enabled.' })
  readonly queue?: QueueSummaryDto;
}

/** What there is of an image. */
export class ImageDto {
  @ApiProperty({ type: String })
  readonly identifier!: string;

  @ApiProperty({ enum: ['cached', 'writing', 'queued'] })
  readonly state!: 'cached' | 'writing' | 'queued';

  @ApiProperty({ type: [EntryDto] })
  readonly entries!: readonly EntryDto[];

  @ApiProperty({ type: Number, description: 'Bytes of the entries.' })
  readonly bytes!: number;

  @ApiPropertyOptional({ type: Number, description: 'Of all entries, where the store counts them.' })
  readonly hits?: number;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'What is known about the image.' })
  readonly info?: ImageInfo;

  @ApiPropertyOptional({ type: JobDto })
  readonly job?: JobDto;

  @ApiPropertyOptional({ type: WarmthDto })
  readonly warmth?: WarmthDto;
}

/** What was evicted, or would be. */
export class CountsDto {
  @ApiProperty({ type: Number })
  readonly infos!: number;

  @ApiProperty({ type: Number })
  readonly variants!: number;

  @ApiProperty({ type: Number })
  readonly sources!: number;

  @ApiProperty({ type: Number })
  readonly bytes!: number;
}

/** What was cleared, or would be. */
export class ClearedDto extends CountsDto {
  @ApiProperty({ type: Number, description: 'Jobs of the queue.' })
  readonly queued!: number;
}
