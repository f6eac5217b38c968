-- COMPRESSED columns: stored as they are, with a zlib frame, and without one.
CREATE TABLE columns (id INT PRIMARY KEY, v VARCHAR(2000) CHARACTER SET latin1 COMPRESSED, b BLOB COMPRESSED, t MEDIUMTEXT COMPRESSED);
INSERT INTO columns VALUES (1, REPEAT('ß', 300), REPEAT(x'00ff', 100), REPEAT('가', 30000)), (2, '', '', NULL), (3, 'short', x'00', 'short');
SET GLOBAL column_compression_zlib_wrap = ON;
INSERT INTO columns VALUES (4, REPEAT('ab', 200), REPEAT(x'01', 200), REPEAT('framed ', 50));
SET GLOBAL column_compression_zlib_wrap = DEFAULT;
