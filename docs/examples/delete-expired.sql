DELETE FROM keyv
WHERE substring(value FROM '"expires":(\d+)}$')::bigint < extract(epoch FROM now()) * 1000;
