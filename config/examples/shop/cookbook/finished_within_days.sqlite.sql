SELECT date(body ->> 'finished_at') AS day, COUNT(*), ROUND(AVG(body ->> 'hours_to_finish'), 2)
  FROM "order"
 WHERE NOT deleted AND body ->> 'hours_to_finish' < 72
 GROUP BY day ORDER BY day
