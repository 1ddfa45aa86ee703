import { flag } from '../key-definition.js';

/** What is told to programs that watch. */
export const METRICS_KEYS = [
  flag('endpoint.metrics.enabled', {
    fallback: true,
    description: 'Metrics for Prometheus at `/metrics`, for all who reach the server.',
  }),
] as const;
