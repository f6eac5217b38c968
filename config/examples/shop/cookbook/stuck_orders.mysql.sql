SELECT id, status, REPLACE(CAST(status_at AS CHAR), ' ', 'T')
  FROM orders
 WHERE status IN ('PLACED', 'PAID', 'SHIPPED') AND status_at < UTC_DATE() - INTERVAL 3 DAY
 ORDER BY status_at, id LIMIT 20
