SELECT body ->> 'id' AS number, body ->> 'status', body ->> 'status_at' AS since
  FROM "order"
 WHERE NOT deleted AND body ->> 'status' IN ('PLACED', 'PAID', 'SHIPPED') AND body ->> 'status_at' < date('now', '-3 days')
 ORDER BY since, number LIMIT 20
