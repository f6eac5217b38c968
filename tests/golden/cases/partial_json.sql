-- PARTIAL_UPDATE_ROWS: JSON values as differences to what they were.
CREATE TABLE partial (id INT PRIMARY KEY, j JSON, n INT, k JSON);
INSERT INTO partial VALUES
  (1, '{"a": 1, "bb": [1, 2.0, {"x": "y"}], "c": {"d": null, "quote\\"d": "v"}, "long": "padding padding padding padding padding"}', 1, '[1, [2, [3, "four, five ] }"]], {}]'),
  (2, '{"ключ": "значение", "e": "\\u0001\\n\\"", "z": {"deep": [[[{"er": 1.5e300}]]]}, "pad": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}', 2, '{"first": 18446744073709551615, "second": -1, "third": [], "fourth": "padding padding padding padding"}'),
  (3, NULL, 3, '{}');
SET SESSION binlog_row_value_options = PARTIAL_JSON;
UPDATE partial SET j = JSON_REPLACE(j, '$.a', 2) WHERE id = 1;
UPDATE partial SET j = JSON_SET(j, '$.bb[2].x', 'new'), k = JSON_SET(k, '$[1][1][1]', 4) WHERE id = 1;
UPDATE partial SET j = JSON_REMOVE(j, '$.c.d'), n = n + 1 WHERE id = 1;
UPDATE partial SET j = JSON_REMOVE(j, '$.bb[0]') WHERE id = 1;
UPDATE partial SET j = JSON_SET(j, '$.c."quote\\"d"', 'w', '$.c."new \\"key\\""', JSON_ARRAY(1.50, TRUE)) WHERE id = 1;
UPDATE partial SET j = JSON_SET(j, '$.b', 'inserted'), k = JSON_SET(k, '$[3]', 'appended') WHERE id = 1;
UPDATE partial SET j = JSON_REMOVE(JSON_REMOVE(j, '$.bb'), '$.b') WHERE id = 1;
UPDATE partial SET j = JSON_SET(j, '$."ключ"', 'другое'), k = JSON_REMOVE(k, '$.first') WHERE id = 2;
UPDATE partial SET j = JSON_SET(j, '$.z.deep[0][0][0].er', CAST(1.25 AS DECIMAL(5,2)), '$.e', NULL) WHERE id = 2;
UPDATE partial SET k = JSON_REPLACE(k, '$.fourth', JSON_OBJECT('t', CAST('2026-11-20 01:02:03.5' AS DATETIME(1)))) WHERE id = 2;
UPDATE partial SET n = 10;
UPDATE partial SET j = '{"whole": 1}' WHERE id = 3;
UPDATE partial SET j = JSON_SET(j, '$.whole', '1', '$.w', 2, '$.another', 3), k = JSON_SET(k, '$.k', 1) WHERE id = 3;
SET SESSION binlog_row_image = NOBLOB;
UPDATE partial SET j = JSON_REMOVE(j, '$.w') WHERE id = 3;
