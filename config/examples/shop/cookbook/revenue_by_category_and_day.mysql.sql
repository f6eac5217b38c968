SELECT CAST(DATE(o.placed_at) AS CHAR) AS day, COALESCE(c.slug, 'none') AS category, SUM(i.line_total)
  FROM orders o JOIN order_items i ON i.order_id = o.id
  LEFT JOIN products p ON p.id = i.product_id LEFT JOIN categories c ON c.id = p.category_id
 WHERE o.status IN ('PAID', 'SHIPPED', 'DELIVERED') AND o.placed_at >= UTC_DATE() - INTERVAL 14 DAY
 GROUP BY day, category ORDER BY day, category
