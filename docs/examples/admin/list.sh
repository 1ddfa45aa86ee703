curl -fsS -u "$USER:$SECRET" "$ADMIN/cache?kind=variant&limit=2"
curl -fsS -u "$USER:$SECRET" "$ADMIN/cache?order=lastAccess&limit=100"
curl -fsS -u "$USER:$SECRET" "$ADMIN/cache?order=hits&limit=20"
curl -fsS -u "$USER:$SECRET" "$ADMIN/cache/maps%2Fparis.tif"
