SELECT date(body ->> 'placed_at') AS day,
       COALESCE(item.value -> 'product' -> 'category' ->> 'slug', 'none') AS category,
       ROUND(SUM(item.value ->> 'line_total'), 2)
  FROM "order", json_each(body, '$.items') AS item
 WHERE NOT deleted AND body ->> 'status' IN ('PAID', 'SHIPPED', 'DELIVERED')
   AND body ->> 'placed_at' >= date('now', '-14 days')
 GROUP BY day, category ORDER BY day, category
