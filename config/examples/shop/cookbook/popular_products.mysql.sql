SELECT i.product_id, MAX(p.name), SUM(i.quantity) AS quantity, SUM(i.line_total)
  FROM orders o JOIN order_items i ON i.order_id = o.id LEFT JOIN products p ON p.id = i.product_id
 WHERE o.status <> 'CANCELLED' AND o.placed_at >= UTC_DATE() - INTERVAL 7 DAY
 GROUP BY i.product_id ORDER BY quantity DESC, i.product_id LIMIT 10
