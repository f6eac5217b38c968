-- binlog_row_metadata=MINIMAL, as servers have it by default: names, keys and members come from CREATE TABLE.
CREATE TABLE plain (
  id INT UNSIGNED PRIMARY KEY, e ENUM('small','big'), s SET('x','y','z'), t TEXT, l VARCHAR(20) CHARACTER SET latin1,
  b BLOB, d DECIMAL(8,2), dt DATETIME(3), bit1 BIT(1), j JSON, g GEOMETRY);
INSERT INTO plain VALUES
  (4294967295, 'big', 'x,z', 'text', 'grün', x'00ff', -1.50, '2026-11-20 12:00:00.5', b'1', '{"k": [1, 1.0, "ü"]}', POINT(1, 2)),
  (1, NULL, '', NULL, NULL, NULL, NULL, '2026-00-00 00:00:00', NULL, NULL, NULL);
SET SESSION binlog_row_image = MINIMAL;
UPDATE plain SET d = 0 WHERE id = 1;
DELETE FROM plain WHERE id = 1;
