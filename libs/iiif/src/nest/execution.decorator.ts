import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** Gives a handler the context of its own execution. */
export const Execution = createParamDecorator((_: unknown, context: ExecutionContext) => context);
