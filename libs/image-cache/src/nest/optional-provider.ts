import type { InjectionToken } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';

/** What the application provides under a token, if it does. */
export function optionalProvider<T>(moduleRef: ModuleRef, token: InjectionToken<T>): T | undefined {
  try {
    return moduleRef.get<T>(token, { strict: false });
  } catch {
    // Nest has no way to ask whether there is one.
    return undefined;
  }
}
