/** What every answer of the admin API carries: it is for the operator who has asked, and nobody keeps it. */
export const ADMIN_HEADERS = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
} as const;
