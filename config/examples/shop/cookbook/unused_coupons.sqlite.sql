WITH customers AS (
  SELECT body, body ->> 'id' AS number FROM customer
   WHERE NOT deleted AND EXISTS (
     SELECT 1 FROM json_each(body, '$.coupons')
      WHERE value ->> 'state' = 'ISSUED' AND COALESCE(value -> 'coupon' ->> 'valid_until', '9999') >= date('now'))
   ORDER BY number LIMIT 100)
SELECT number, body ->> 'name', held.value ->> 'id' AS held_id, held.value -> 'coupon' ->> 'code'
  FROM customers, json_each(body, '$.coupons') AS held
 WHERE held.value ->> 'state' = 'ISSUED' AND COALESCE(held.value -> 'coupon' ->> 'valid_until', '9999') >= date('now')
 ORDER BY number, held_id
