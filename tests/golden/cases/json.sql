-- JSON documents: every stored type, small and large, nested, and what only functions can make.
CREATE TABLE documents (id INT PRIMARY KEY, j JSON);
INSERT INTO documents VALUES
  (1, 'null'), (2, 'true'), (3, 'false'), (4, '0'), (5, '-1'), (6, '32767'), (7, '-32769'), (8, '65536'),
  (9, '2147483648'), (10, '-9223372036854775808'), (11, '18446744073709551615'), (12, '1.5'), (13, '1.0'),
  (14, '1e20'), (15, '1e15'), (16, '123456789012345.0'), (17, '1e-7'), (18, '1e-16'), (19, '-0.0'), (20, '1e300'),
  (21, '""'), (22, '"\\u0001\\u001f\\u007f\\b\\f\\n\\r\\t\\"\\\\/ü😀"'), (23, '[]'), (24, '{}'), (25, NULL),
  (26, '{"b":1,"a":2,"aa":3,"":4,"ü":"x"}'), (27, '[1,[2,[3,[4,{"k":[true,null,false]}]]]]'),
  (28, '[1,-1,40000,-40000,3000000000,9000000000000000000,1.25,"s"]'),
  (29, '{"a": 12345678901234567890123, "b": 0.1, "c": 100.0, "d": 5e-324, "e": 1.7976931348623157e308}');
INSERT INTO documents SELECT 30, JSON_OBJECT('k', REPEAT('x', 200), 'l', REPEAT('ü', 2000));
INSERT INTO documents SELECT 31, JSON_ARRAY(CAST('1.50' AS DECIMAL(10,3)), CAST('-0.5' AS DECIMAL(3,2)), CAST('99999999999999999999999999999999999' AS DECIMAL(40,0)));
INSERT INTO documents SELECT 32, JSON_ARRAY(DATE'2026-11-20', TIME'-12:34:56.789', TIMESTAMP'2026-11-20 01:02:03.000004', TIME'838:59:59', CAST(x'00ff' AS BINARY), b'101');
INSERT INTO documents SELECT 33, JSON_OBJECT('long', CAST(REPEAT(x'ff00', 200) AS BINARY), 'empty', CAST('' AS BINARY), 'line', CAST(REPEAT('a', 57) AS BINARY));
INSERT INTO documents SELECT 34, CAST(CONCAT('[', REPEAT('1.5,', 6200), '1]') AS JSON);
INSERT INTO documents SELECT 35, CAST(CONCAT(REPEAT('[', 100), REPEAT(']', 100)) AS JSON);
INSERT INTO documents SELECT 36, JSON_ARRAY(ST_GeomFromText('POINT(1 2)'), CAST(1 AS UNSIGNED), 1e0/3, CAST(1 AS SIGNED));
UPDATE documents SET j = JSON_SET(j, '$.a', 'changed', '$.new', JSON_ARRAY(1, 2)) WHERE id = 26;
UPDATE documents SET j = JSON_REMOVE(j, '$[1]') WHERE id = 28;
UPDATE documents SET j = '[1]' WHERE id = 25;
DELETE FROM documents WHERE id = 25;
