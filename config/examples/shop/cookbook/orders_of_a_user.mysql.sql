SELECT id, status, CAST(total AS CHAR), REPLACE(CAST(placed_at AS CHAR), ' ', 'T')
  FROM orders WHERE user_id = 1
 ORDER BY placed_at DESC, id DESC LIMIT 20
