import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { finalize, type Observable } from 'rxjs';

/** What is kept with a connection while there is no limit to its idleness. */
const LIFTED = Symbol('image-cache:idle-limit');

interface Connection extends Socket {
  [LIFTED]?: { requests: number; readonly timeout: number } | undefined;
}

/** What requests of Express and Fastify have in common, as far as it is needed. */
type Request = IncomingMessage & { readonly raw?: IncomingMessage };

/**
 * Has connections wait for answers that take long, such as the report of a sweep: the limit that a server sets to the
 * idleness of its connections also runs while nothing can be sent yet. When the answer is made it holds again, for
 * clients that do not read.
 */
@Injectable()
export class IdleLimitInterceptor implements NestInterceptor {
  /** @internal */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    return next.handle().pipe(finalize(liftIdleLimit(request.raw ?? request)));
  }
}

/** @returns puts the limit back when all requests have done so that are answered on the connection */
function liftIdleLimit({ httpVersionMajor, socket }: IncomingMessage): () => void {
  const connection: Connection = socket;
  // Connections of HTTP/2 belong to many requests, and are no sockets to those.
  if (httpVersionMajor !== 1) return () => undefined;
  const lifted = (connection[LIFTED] ??= { requests: 0, timeout: connection.timeout ?? 0 });
  lifted.requests += 1;
  if (lifted.timeout > 0) connection.setTimeout(0);
  return () => {
    lifted.requests -= 1;
    if (lifted.requests > 0) return;
    connection[LIFTED] = undefined;
    if (lifted.timeout > 0) connection.setTimeout(lifted.timeout);
  };
}
