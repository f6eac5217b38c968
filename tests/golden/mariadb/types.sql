-- What MariaDB writes in its own way: version 1 rows, its GTIDs, and types that TABLE_MAP hides.
CREATE TABLE m (
  id INT PRIMARY KEY, u UUID, i6 INET6, i4 INET4, j JSON, vc VARCHAR(100) COMPRESSED,
  bc BLOB COMPRESSED, g GEOMETRY, b BINARY(6), t TIME(3), dt DATETIME(6), ts TIMESTAMP(2) NULL,
  e ENUM('a','ü'), s SET('x','y'), d DECIMAL(38,38), y YEAR, bu BIGINT UNSIGNED,
  l VARCHAR(10) CHARACTER SET latin1);
INSERT INTO m VALUES
  (1, '00112233-4455-6677-8899-aabbccddee00', '1::', '0.0.0.0', '{"a": [1, 2.0]}', 'short', 'x',
   ST_GeomFromText('POINT(1 2)'), x'0102', '-12:34:56.789', '2026-11-20 12:34:56.789123',
   '2026-11-20 12:34:56.78', 'ü', 'x,y', 0.12345678901234567890123456789012345678, 2026,
   18446744073709551615, 'ß'),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
UPDATE m SET u='ffffffff-ffff-ffff-ffff-ffffffffffff', i6='::ffff:1.2.3.4', i4='10.0.0.1', vc='' WHERE id=2;
DELETE FROM m WHERE id=1;
