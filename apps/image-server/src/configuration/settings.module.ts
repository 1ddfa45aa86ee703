import type { DynamicModule } from '@nestjs/common';
import { ConfigModule, getConfigToken, registerAs } from '@nestjs/config';
import type { Settings } from './known-keys.js';

const NAMESPACE = 'imageServer';

/** Injects the {@link Settings}; the ConfigService has them as `imageServer`. */
export const SETTINGS = getConfigToken(NAMESPACE);

/** Makes settings available in all modules. */
export function settingsModule(settings: Settings): Promise<DynamicModule> {
  return ConfigModule.forRoot({
    isGlobal: true,
    // Variables of the process are read by our own rules: by known names, and checked.
    ignoreEnvFile: true,
    skipProcessEnv: true,
    load: [registerAs(NAMESPACE, () => settings)],
  });
}
