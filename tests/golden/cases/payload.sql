-- Compressed transactions, a tagged GTID, and rows that fill several events.
CREATE TABLE big (id INT PRIMARY KEY, v VARCHAR(200), d DATETIME(3));
SET SESSION binlog_transaction_compression=ON;
INSERT INTO big VALUES (1, 'compressed', '2026-01-01 00:00:00.001'), (2, NULL, NULL);
INSERT INTO big WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 400) SELECT i, REPEAT('abcdefgh', 20), '2026-01-01' FROM n;
UPDATE big SET v = 'short' WHERE id < 110;
SET SESSION gtid_next='AUTOMATIC:golden_tag';
DELETE FROM big WHERE id = 1;
SET SESSION binlog_transaction_compression=OFF;
INSERT INTO big VALUES (900, 'tagged', NULL);
