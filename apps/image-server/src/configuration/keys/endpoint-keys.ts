import { flag, path, text } from '../key-definition.js';

/** The admin API. */
export const ENDPOINT_KEYS = [
  flag('endpoint.api.enabled', { fallback: false, description: 'Manage the cache by HTTP, at `/admin`.' }),
  text('endpoint.api.username', { fallback: 'admin', description: 'Name that the admin API asks for.' }),
  text('endpoint.api.secret', {
    secret: true,
    description: 'Secret that goes with the name, or is the bearer token; needed with `endpoint.api.enabled`.',
  }),
  flag('endpoint.api.galia_paths', {
    fallback: false,
    description: 'Tasks and status at `/tasks` and `/status`, too, where Galia has them.',
  }),
  path('endpoint.api.history_pathname', {
    otherwise: 'in memory alone',
    description: 'Directory of its own for what the dashboard shows: past restarts, and of all processes of the host.',
  }),
  flag('endpoint.metrics.enabled', {
    fallback: true,
    description: 'Metrics for Prometheus at `/metrics`, for all who reach the server.',
  }),
] as const;
