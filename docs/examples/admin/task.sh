task=$(curl -fsS -D - -o /dev/null -u "$USER:$SECRET" --json '{"verb":"PurgeCache"}' "$ADMIN/tasks" |
  tr -d '\r' | sed -n 's/^location: //Ip')
curl -fsS -u "$USER:$SECRET" "$SERVER$task"
curl -fsS -u "$USER:$SECRET" "$ADMIN/tasks"
curl -sS -u "$USER:$SECRET" -X DELETE "$SERVER$task"
