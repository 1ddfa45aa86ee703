curl -fsS -H "Authorization: Bearer $SECRET" "$ADMIN/status"
curl -fsS -H "Authorization: Bearer $SECRET" --json '{"ttl":{"variant":"7d"}}' "$ADMIN/actions/configure"
