-- What is no row change, and transactions of every kind.
CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(20));
CREATE TABLE b AS SELECT 1 AS id, 'created with rows' AS v;
BEGIN; INSERT INTO a VALUES (1, 'first'); SAVEPOINT s; INSERT INTO a VALUES (2, 'gone'); ROLLBACK TO s; INSERT INTO b VALUES (3, 'same transaction'); COMMIT;
XA START 'x'; INSERT INTO a VALUES (4, 'xa'); XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x';
CREATE TABLE m (v INT) ENGINE=MyISAM;
INSERT INTO m VALUES (5);
RENAME TABLE a TO c, b TO a;
TRUNCATE TABLE c;
ALTER TABLE a ADD COLUMN `naïve "name"` INT DEFAULT 7;
UPDATE a SET id = 8 WHERE id = 3;
SET SESSION binlog_format = STATEMENT;
INSERT INTO a (id) VALUES (9);
DROP TABLE a, c;
