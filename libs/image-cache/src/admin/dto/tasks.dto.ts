import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { VERBS, type Verb } from '../tasks/verb.js';

/** What to do. */
export class TaskRequestDto {
  @ApiProperty({ enum: VERBS })
  readonly verb!: Verb;

  @ApiPropertyOptional({ type: String, description: 'Of the image; for EvictItemFromCache.' })
  readonly identifier?: string;

  @ApiPropertyOptional({ type: [String], description: 'Of the images; for QueueImages, if not all of a folder.' })
  readonly identifiers?: readonly string[];

  @ApiPropertyOptional({ type: String, description: 'Of the source; for QueueImages.' })
  readonly folder?: string;

  @ApiPropertyOptional({ type: [String], description: 'The configured ones when absent; for QueueImages.' })
  readonly variants?: readonly string[];

  @ApiPropertyOptional({ type: Number, default: 0, description: 'Greater goes first; for QueueImages.' })
  readonly priority?: number;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Counts, and changes nothing.' })
  readonly dryRun?: boolean;
}

/** How far a task is. */
export class TaskProgressDto {
  @ApiProperty({ type: String })
  readonly step!: string;

  @ApiProperty({ type: Number })
  readonly examined!: number;

  @ApiProperty({ type: Number })
  readonly removed!: number;

  @ApiProperty({ type: Number })
  readonly bytes!: number;

  @ApiPropertyOptional({ type: Number, description: 'What there is to be examined, where that is known.' })
  readonly total?: number;
}

/** Something that is being done, or was. */
export class TaskDto {
  @ApiProperty({ type: String, format: 'uuid' })
  readonly id!: string;

  @ApiProperty({ enum: VERBS })
  readonly verb!: Verb;

  @ApiPropertyOptional({ type: String })
  readonly identifier?: string;

  @ApiPropertyOptional({ type: String })
  readonly folder?: string;

  @ApiPropertyOptional({ type: Boolean })
  readonly dryRun?: boolean;

  @ApiProperty({ enum: ['queued', 'running', 'succeeded', 'failed', 'aborted', 'cancelled'] })
  readonly status!: string;

  @ApiProperty({ type: String, format: 'date-time' })
  readonly queuedAt!: string;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  readonly startedAt?: string;

  @ApiPropertyOptional({ type: String, format: 'date-time' })
  readonly stoppedAt?: string;

  @ApiPropertyOptional({ type: TaskProgressDto })
  readonly progress?: TaskProgressDto;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Counts, or the report of a sweep.' })
  readonly result?: object;

  @ApiPropertyOptional({ type: String, description: 'Why it failed; one line.' })
  readonly error?: string;
}

/** Tasks, the newest first. */
export class TasksDto {
  @ApiProperty({ type: [TaskDto] })
  readonly tasks!: readonly TaskDto[];
}
