import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { CountsDto } from './cache.dto.js';

/** What one step of a sweep did, or would do. */
export class StepReportDto {
  @ApiProperty({ type: String })
  readonly step!: string;

  @ApiProperty({ type: Number })
  readonly examined!: number;

  @ApiProperty({ type: Number })
  readonly removed!: number;

  @ApiProperty({ type: Number })
  readonly bytes!: number;

  @ApiPropertyOptional({ type: Number })
  readonly adopted?: number | undefined;

  @ApiProperty({ type: Number })
  readonly failed!: number;

  @ApiPropertyOptional({ type: String, description: 'What the first failure was.' })
  readonly failure?: string | undefined;

  @ApiPropertyOptional({ type: String, description: 'Why the step ended before it was through.' })
  readonly stopped?: string | undefined;

  @ApiProperty({ type: Number, description: 'Milliseconds.' })
  readonly duration!: number;
}

/** What a sweep did, or would do. */
export class SweepReportDto {
  @ApiProperty({ type: [StepReportDto] })
  readonly steps!: readonly StepReportDto[];

  @ApiProperty({ type: Number, description: 'Milliseconds.' })
  readonly duration!: number;

  @ApiProperty({ type: Boolean })
  readonly aborted!: boolean;

  @ApiPropertyOptional({ type: [String], description: 'Stores that another process is sweeping.' })
  readonly skipped?: readonly string[];

  @ApiProperty({ type: Boolean })
  readonly dryRun!: boolean;
}

/** Which steps to do. */
export class SweepDto {
  @ApiPropertyOptional({
    type: [String],
    example: ['expired', 'bounds'],
    description: 'All that a shift has, if absent.',
  })
  readonly steps?: readonly string[];
}

/** Images whose sources have changed. */
export class ChangedDto {
  @ApiPropertyOptional({ type: String })
  readonly identifier?: string;

  @ApiPropertyOptional({ type: [String], description: 'Up to 1000.' })
  readonly identifiers?: readonly string[];
}

/** What was evicted, and how many images are prefetched again. */
export class ChangedReportDto {
  @ApiProperty({ type: CountsDto })
  readonly evicted!: CountsDto;

  @ApiProperty({ type: Number })
  readonly requeued!: number;
}

/** Options that have other values now. */
export class ConfiguredDto {
  @ApiProperty({ type: [String], example: ['hot'] })
  readonly changed!: readonly string[];
}
