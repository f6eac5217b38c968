WITH unused AS (
  SELECT u.id AS user_id, u.name, h.id AS held_id, c.code, DENSE_RANK() OVER (ORDER BY u.id) AS place
    FROM users u JOIN user_coupons h ON h.user_id = u.id LEFT JOIN coupons c ON c.id = h.coupon_id
   WHERE h.state = 'ISSUED' AND COALESCE(c.valid_until, '9999-12-31') >= UTC_DATE())
SELECT user_id, name, held_id, code FROM unused WHERE place <= 100 ORDER BY user_id, held_id
