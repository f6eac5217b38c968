SELECT CAST(DATE(finished_at) AS CHAR) AS day, COUNT(*), ROUND(AVG(hours_to_finish), 2)
  FROM orders WHERE hours_to_finish < 72
 GROUP BY day ORDER BY day
