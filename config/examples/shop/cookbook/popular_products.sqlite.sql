SELECT item.value ->> 'product_id' AS product, item.value -> 'product' ->> 'name' AS name,
       SUM(item.value ->> 'quantity') AS quantity, ROUND(SUM(item.value ->> 'line_total'), 2) AS revenue
  FROM "order", json_each(body, '$.items') AS item
 WHERE NOT deleted AND body ->> 'status' <> 'CANCELLED' AND body ->> 'placed_at' >= date('now', '-7 days')
 GROUP BY product ORDER BY quantity DESC, product LIMIT 10
