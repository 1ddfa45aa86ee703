import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** What was in the last while, of all processes that tell. */
export class HistoryDto {
  @ApiProperty({ type: String, format: 'date-time', description: 'When it was made.' })
  readonly now!: string;

  @ApiProperty({ type: String, format: 'date-time', description: 'Where the first span begins.' })
  readonly start!: string;

  @ApiProperty({ type: Number, description: 'Seconds that each value stands for.' })
  readonly step!: number;

  @ApiProperty({ type: Number, description: 'How many processes it speaks for now.' })
  readonly processes!: number;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'array', items: { type: 'number', nullable: true } },
    description:
      'By name, a value for each span, null where nothing is known; latencies are percentiles in milliseconds.',
  })
  readonly series!: Readonly<Record<string, readonly (number | null)[]>>;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'number' },
    description: 'maxSize, maxEntries.',
  })
  readonly bounds?: object;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Of bytes and entries, perDay and fullAt; left out where too little is known.',
  })
  readonly forecast!: object;

  @ApiProperty({ type: 'array', items: { type: 'object' }, description: 'Images that were asked for most.' })
  readonly top!: readonly object[];

  @ApiProperty({ type: 'array', items: { type: 'object' }, description: 'What happened of late, the newest first.' })
  readonly notices!: readonly object[];
}
