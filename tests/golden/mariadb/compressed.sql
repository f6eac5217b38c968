-- log_bin_compress with a minimum of ten bytes: QUERY_COMPRESSED and compressed rows.
CREATE TABLE squeezed (id INT PRIMARY KEY, v VARCHAR(200), n BIGINT UNSIGNED, d DECIMAL(10,2));
INSERT INTO squeezed VALUES (1, REPEAT('long enough ', 15), 18446744073709551615, 1.50), (2, 'ü', 2, NULL), (3, '', 3, -0.01);
UPDATE squeezed SET v = CONCAT(v, ' changed and changed and changed'), n = n - 1;
BEGIN; DELETE FROM squeezed WHERE id = 2; INSERT INTO squeezed VALUES (4, 'four four four four', 4, 4); COMMIT;
ALTER TABLE squeezed ADD COLUMN w VARCHAR(300) DEFAULT 'default default default default';
DELETE FROM squeezed;
