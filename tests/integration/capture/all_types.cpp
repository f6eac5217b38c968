#include "all_types.hpp"

namespace tailrace::capture::testing {

std::vector<std::string> all_types_table(const std::string& table) {
  std::vector<std::string> sql;
  sql.push_back("CREATE TABLE " + table + R"((
    id BIGINT UNSIGNED PRIMARY KEY,
    i1 TINYINT, u1 TINYINT UNSIGNED, i2 SMALLINT, u2 SMALLINT UNSIGNED, i3 MEDIUMINT,
    u3 MEDIUMINT UNSIGNED, i4 INT, u4 INT UNSIGNED, i8 BIGINT, u8 BIGINT UNSIGNED,
    flag TINYINT(1), y YEAR, f FLOAT, d DOUBLE, n DECIMAL(20,6), n0 DECIMAL(9,9),
    big DECIMAL(65,30),
    day DATE, t TIME, t6 TIME(6), dt DATETIME, dt3 DATETIME(3), dt6 DATETIME(6),
    ts TIMESTAMP NULL, ts6 TIMESTAMP(6) NULL, b1 BIT(1), b17 BIT(17), b64 BIT(64),
    c CHAR(10), v VARCHAR(300), l1 VARCHAR(40) CHARACTER SET latin1,
    sj VARCHAR(40) CHARACTER SET sjis, ek VARCHAR(40) CHARACTER SET euckr,
    txt TEXT, mtxt MEDIUMTEXT, bin BINARY(8), vb VARBINARY(300), bl BLOB,
    e ENUM('a','b''c','한글','x,y') , s SET('r','g','b"l'),
    le ENUM('ß','é') CHARACTER SET latin1,
    j JSON, g GEOMETRY, p POINT SRID 4326, vec VECTOR(3),
    gen INT GENERATED ALWAYS AS (i4 + 1) VIRTUAL,
    gst VARCHAR(20) GENERATED ALWAYS AS (UPPER(c)) STORED,
    hidden INT DEFAULT 7 INVISIBLE) CHARACTER SET utf8mb4)");
  const std::string columns =
      "(id,i1,u1,i2,u2,i3,u3,i4,u4,i8,u8,flag,y,f,d,n,n0,big,day,t,t6,dt,dt3,dt6,ts,ts6,b1,b17,b64,"
      "c,v,l1,sj,ek,txt,mtxt,bin,vb,bl,e,s,le,j,g,p,vec)";
  sql.push_back("INSERT INTO " + table + "(id) VALUES (1)");
  sql.push_back("INSERT INTO " + table + columns + R"( VALUES (18446744073709551615,
    -128,255,-32768,65535,-8388608,16777215,-2147483648,4294967295,-9223372036854775808,
    18446744073709551615, 1, 2155, 3.4e38, 1.7976931348623157e308, -12345678901234.567890,
    0.999999999, 12345678901234567890123456789012345.123456789012345678901234567890,
    '9999-12-31', '838:59:59', '-838:59:59.000000', '9999-12-31 23:59:59',
    '2026-11-20 12:00:00.123', '2026-11-20 12:00:00.000001', '2026-11-20 03:00:00',
    '2038-01-19 03:14:07.999999', b'1', b'10101010101010101', b'1111',
    '  lead', '한국어 주문 🍗', 'straße', _utf8mb4'カタカナ', _utf8mb4'한글',
    REPEAT('긴 글 ', 500), REPEAT('x', 70000), x'0102030000000000', x'00ff00', x'deadbeef',
    '한글', 'r,b"l', 'ß',
    '{"a": [1, 1.0, 1e0, "x\\ny", null, true], "k": {"z": 18446744073709551615}}',
    ST_GeomFromText('LINESTRING(0 0, 1.5 2.5)'), ST_GeomFromText('POINT(37.5 127.0)', 4326),
    TO_VECTOR('[1, -2.5, 3e-3]')))");
  sql.push_back("INSERT INTO " + table + columns + R"( VALUES (2,
    127,0,32767,0,8388607,0,2147483647,0,9223372036854775807,0,0,1901,
    -1.17549e-38,2.2250738585072014e-308,
    0.000001,-0.000000001,-0.000000000000000000000000000001,
    '1000-01-01','-00:00:01','-00:00:00.100000','1000-01-01 00:00:00','1000-01-01 00:00:00.001',
    '2026-02-28 23:59:59.999999','1970-01-01 00:00:01','1970-01-01 00:00:01.000001',b'0',b'0',b'0',
    '','','','','','','','','','','a','','é','[]',ST_GeomFromText('POINT(1 2)'),NULL,NULL))");
  sql.push_back("INSERT INTO " + table + columns + R"( VALUES (3,
    1,1,1,1,1,1,1,1,1,1,1,2026,0.1,0.1,1,0.5,1.5,
    '0000-00-00','00:00:00','12:34:56.789','0000-00-00 00:00:00','0000-00-00 00:00:00',
    '2026-00-00 00:00:00','2026-01-01 00:00:00','2026-01-01 00:00:00.5',b'1',b'1',b'1',
    'tail  ','trail  ','é','x','x','t','m','a','b','c','b''c','r,g','ß','"str"',NULL,NULL,NULL))");
  sql.push_back("INSERT INTO " + table + "(id, f, d, j, t6, e) VALUES (4, 16777216, -0.0, 'null', "
                "'-12:00:00.5', 4), (5, 1.5, 1e22, '-1.5', '00:00:00.000001', 'x,y'), "
                "(6, 0, 123456789.125, '18446744073709551615', '100:00:00', 'a')");
  sql.push_back("UPDATE " + table + " SET i4 = 5, v = CONCAT(v, '!'), j = JSON_OBJECT('d', "
                "CAST('2026-01-02 03:04:05.6' AS DATETIME(1)), 'n', CAST(1.50 AS DECIMAL(5,2)), "
                "'t', CAST('-01:02:03' AS TIME)) WHERE id = 2");
  return sql;
}

}  // namespace tailrace::capture::testing
