import { applyDecorators, type Type } from '@nestjs/common';
import { ApiBasicAuth, ApiBearerAuth, ApiParam, ApiProperty, ApiQuery, ApiResponse } from '@nestjs/swagger';

/** The document of an error. */
export class ProblemDto {
  @ApiProperty({ type: Number })
  readonly statusCode!: number;

  @ApiProperty({ type: String, description: 'One line that names the field.' })
  readonly message!: string;
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'A field is wrong; the message names it.',
  401: 'Name and secret are needed, or wrong.',
  403: 'The request comes from a page of another site.',
  404: 'There is none.',
  405: 'The method is not allowed here.',
  409: 'It has ended already.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  429: 'Too many wrong credentials.',
  503: 'A store is not available, or too much is waiting.',
};

/** Describes that credentials are needed, and what is answered when something is wrong. */
export function Described(...statuses: readonly number[]): MethodDecorator & ClassDecorator {
  const all = [400, 401, 429, 503, ...statuses];
  const problems = all.map((status) =>
    ApiResponse({ status, type: ProblemDto, description: DESCRIPTIONS[status] ?? 'It failed.' }),
  );
  return applyDecorators(ApiBasicAuth(), ApiBearerAuth(), ...problems);
}

/** Describes a route that changes something. */
export function DescribedChange(...statuses: readonly number[]): MethodDecorator & ClassDecorator {
  return Described(403, 413, 415, ...statuses);
}

/** Describes what a route answers when all is well. */
export function Answers(status: number, description: string, type?: Type): MethodDecorator {
  return ApiResponse({ status, description, ...(type && { type }) });
}

/** Describes the parameter that names an image in the path. */
export function OfImage(): MethodDecorator {
  return ApiParam({ name: 'identifier', type: String, description: 'Percent-encoded: `maps%2Fparis.tif`.' });
}

/** Describes the parameter that has everything counted and nothing changed. */
export function DryRun(): MethodDecorator {
  const description = 'Counts what would be, and changes nothing.';
  return ApiQuery({ name: 'dryRun', required: false, type: Boolean, description });
}
