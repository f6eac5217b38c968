-- The document `order` of the shop, joined by MySQL alone: a second opinion for the oracle's own join.
-- `coupon` (keep) is the present one, which has the right shape.
SELECT o.id, CAST(JSON_OBJECT(
    'id', o.id, 'order_no', o.order_no, 'user_id', o.user_id, 'coupon_id', o.coupon_id,
    'status', CAST(o.status AS CHAR), 'status_at', REPLACE(CAST(o.status_at AS CHAR), ' ', 'T'),
    'items_total', CAST(o.items_total AS CHAR), 'discount', CAST(o.discount AS CHAR), 'total', CAST(o.total AS CHAR),
    'is_gift', CAST(IF(o.is_gift, 'true', 'false') AS JSON), 'note', o.note, 'delivery', o.delivery,
    'placed_at', LEFT(DATE_FORMAT(o.placed_at, '%Y-%m-%dT%H:%i:%s.%f'), 23),
    'paid_at', REPLACE(CAST(o.paid_at AS CHAR), ' ', 'T'),
    'finished_at', REPLACE(CAST(o.finished_at AS CHAR), ' ', 'T'), 'hours_to_finish', o.hours_to_finish,
    'updated_at', CONCAT(REPLACE(CAST(o.updated_at AS CHAR), ' ', 'T'), 'Z'),
    'customer', (SELECT JSON_OBJECT('id', u.id, 'name', u.name, 'tier', CAST(u.tier AS CHAR), 'country', u.country)
                   FROM users u WHERE u.id = o.user_id),
    'coupon', (SELECT JSON_OBJECT('id', c.id, 'code', c.code, 'title', c.title, 'percent', CAST(c.percent AS CHAR))
                 FROM coupons c WHERE c.id = o.coupon_id),
    'items', CAST(COALESCE((SELECT CONCAT('[', GROUP_CONCAT(JSON_OBJECT(
          'id', i.id, 'order_id', i.order_id, 'line_no', i.line_no, 'product_id', i.product_id,
          'quantity', i.quantity, 'unit_price', CAST(i.unit_price AS CHAR), 'line_total', CAST(i.line_total AS CHAR),
          'gift_message', i.gift_message, 'product', IF(p.id IS NULL, NULL, JSON_OBJECT(
            'id', p.id, 'sku', p.sku, 'name', p.name, 'price', CAST(p.price AS CHAR), 'weight_kg', p.weight_kg,
            'rating', CAST(CAST(p.rating AS CHAR) AS JSON),
            'tags', CAST(IF(p.tags = '', '[]', CONCAT('["', REPLACE(p.tags, ',', '","'), '"]')) AS JSON),
            'attributes', p.attributes, 'active', CAST(IF(p.active, 'true', 'false') AS JSON),
            'category_no', p.category_id, 'category', IF(g.id IS NULL, NULL,
              JSON_OBJECT('id', g.id, 'name', g.name, 'slug', g.slug))))) ORDER BY i.line_no, i.id), ']')
        FROM order_items i LEFT JOIN products p ON p.id = i.product_id LEFT JOIN categories g ON g.id = p.category_id
        WHERE i.order_id = o.id), '[]') AS JSON),
    'payments', CAST(COALESCE((SELECT CONCAT('[', GROUP_CONCAT(JSON_OBJECT(
          'id', y.id, 'method', CAST(y.method AS CHAR), 'state', CAST(y.state AS CHAR),
          'amount', CAST(y.amount AS CHAR), 'receipt', TO_BASE64(y.receipt),
          'paid_at', REPLACE(CAST(y.paid_at AS CHAR), ' ', 'T'),
          'created_at', CONCAT(REPLACE(CAST(y.created_at AS CHAR), ' ', 'T'), 'Z')) ORDER BY y.id), ']')
        FROM payments y WHERE y.order_id = o.id), '[]') AS JSON),
    'shipment', (SELECT JSON_OBJECT(
          'id', s.id, 'order_id', s.order_id, 'carrier', s.carrier, 'tracking_no', s.tracking_no,
          'state', CAST(s.state AS CHAR), 'weight_g', s.weight_g, 'pickup_at', CAST(s.pickup_at AS CHAR),
          'eta', CAST(s.eta AS CHAR), 'shipped_at', REPLACE(CAST(s.shipped_at AS CHAR), ' ', 'T'),
          'delivered_at', REPLACE(CAST(s.delivered_at AS CHAR), ' ', 'T'))
        FROM shipments s WHERE s.order_id = o.id ORDER BY s.id LIMIT 1)
  ) AS CHAR)
  FROM orders o
