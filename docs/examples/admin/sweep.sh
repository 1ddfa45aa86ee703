curl -fsS -u "$USER:$SECRET" -X POST "$ADMIN/actions/prune?dryRun=true"
curl -fsS -u "$USER:$SECRET" -X POST "$ADMIN/actions/clean"
curl -fsS -u "$USER:$SECRET" --json '{"steps":["expired","bounds"]}' "$ADMIN/actions/sweep"
