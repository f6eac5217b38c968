SELECT body ->> 'id' AS number, body ->> 'status', body ->> 'total', body ->> 'placed_at' AS placed_at
  FROM "order"
 WHERE NOT deleted AND body ->> 'user_id' = 1
 ORDER BY placed_at DESC, number DESC LIMIT 20
