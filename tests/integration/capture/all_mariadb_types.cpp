#include "all_types.hpp"

namespace tailrace::capture::testing {

std::vector<std::string> all_mariadb_types_table(const std::string& table) {
  std::vector<std::string> sql;
  sql.push_back("CREATE TABLE " + table + R"((
    id BIGINT UNSIGNED PRIMARY KEY,
    i1 TINYINT, u1 TINYINT UNSIGNED, i2 SMALLINT, u2 SMALLINT UNSIGNED, i3 MEDIUMINT,
    u3 MEDIUMINT UNSIGNED, i4 INT, u4 INT(8) UNSIGNED ZEROFILL, i8 BIGINT, u8 BIGINT UNSIGNED,
    flag TINYINT(1), y YEAR, f FLOAT, d DOUBLE, fz FLOAT(9,3) ZEROFILL, n DECIMAL(20,6),
    n0 DECIMAL(9,9), nz DECIMAL(12,2) ZEROFILL, big DECIMAL(65,38),
    day DATE, t TIME, t1 TIME(1), t6 TIME(6), dt DATETIME, dt3 DATETIME(3), dt6 DATETIME(6),
    ts TIMESTAMP NULL, ts6 TIMESTAMP(6) NULL, b1 BIT(1), b17 BIT(17), b64 BIT(64),
    c CHAR(10), v VARCHAR(300), l1 VARCHAR(40) CHARACTER SET latin1,
    sj VARCHAR(40) CHARACTER SET sjis, uca VARCHAR(40) COLLATE utf8mb4_uca1400_ai_ci,
    txt TEXT, mtxt MEDIUMTEXT, bin BINARY(8), vb VARBINARY(300), bl BLOB,
    e ENUM('a','b''c','한글','x,y'), s SET('r','g','b"l'),
    le ENUM('ß','é') CHARACTER SET latin1,
    j JSON, jt TEXT CHECK (json_valid(jt)), no_json LONGTEXT, g GEOMETRY, p POINT,
    u UUID, i6 INET6, ip4 INET4, vc VARCHAR(2000) COMPRESSED, bc BLOB COMPRESSED,
    gen INT GENERATED ALWAYS AS (i4 + 1) VIRTUAL,
    gst VARCHAR(300) GENERATED ALWAYS AS (UPPER(v)) STORED,
    hidden INT INVISIBLE DEFAULT 7) CHARACTER SET utf8mb4)");
  const std::string columns =
      "(id,i1,u1,i2,u2,i3,u3,i4,u4,i8,u8,flag,y,f,d,fz,n,n0,nz,big,day,t,t1,t6,dt,dt3,dt6,ts,ts6,"
      "b1,b17,b64,c,v,l1,sj,uca,txt,mtxt,bin,vb,bl,e,s,le,j,jt,no_json,g,p,u,i6,ip4,vc,bc)";
  sql.push_back("INSERT INTO " + table + "(id) VALUES (1)");
  sql.push_back("INSERT INTO " + table + columns + R"( VALUES (18446744073709551615,
    -128,255,-32768,65535,-8388608,16777215,-2147483648,42,-9223372036854775808,
    18446744073709551615, 1, 2155, 3.4e38, 1.7976931348623157e308, 12.5, -12345678901234.567890,
    0.999999999, 12.5, 123456789012345678901234567.12345678901234567890123456789012345678,
    '9999-12-31', '838:59:59', '-838:59:59.0', '-838:59:59.000000', '9999-12-31 23:59:59',
    '2026-11-20 12:00:00.123', '2026-11-20 12:00:00.000001', '2026-11-20 03:00:00',
    '2038-01-19 03:14:07.999999', b'1', b'10101010101010101', b'1111',
    '  lead', '한국어 주문 🍗', 'straße', _utf8mb4'カタカナ', 'ünï',
    REPEAT('긴 글 ', 500), REPEAT('x', 70000), x'0102030000000000', x'00ff00', x'deadbeef',
    '한글', 'r,b"l', 'ß', '{"a": [1, 1.0, 1e0, "x\\ny", null, true], "한": {"z": 1}}',
    '[1,  2]', '{"not": "told"}',
    ST_GeomFromText('LINESTRING(0 0, 1.5 2.5)'), ST_GeomFromText('POINT(127.0 37.5)'),
    '00112233-4455-6677-8899-aabbccddee00', '1::', '0.0.0.0', REPEAT('압축 ', 300),
    REPEAT(x'00ff', 400)))");
  sql.push_back("INSERT INTO " + table + columns + R"( VALUES (2,
    127,0,32767,0,8388607,0,2147483647,0,9223372036854775807,0,0,1901,
    -1.17549e-38,2.2250738585072014e-308,0,
    0.000001,-0.000000001,0,-0.00000000000000000000000000000000000001,
    '1000-01-01','-00:00:01','-00:00:00.1','-00:00:00.100000','1000-01-01 00:00:00',
    '1000-01-01 00:00:00.001','2026-02-28 23:59:59.999999','1970-01-01 00:00:01',
    '1970-01-01 00:00:01.000001',b'0',b'0',b'0',
    '','','','','','','','','','','a','','é','[]','null','',ST_GeomFromText('POINT(1 2)'),NULL,
    '00000000-0000-0000-0000-000000000000','::','255.255.255.255','',''))");
  sql.push_back("INSERT INTO " + table + "(id, day, dt, dt6, j, i6, ip4, vc, bc, u) VALUES "
                "(3, '0000-00-00', '0000-00-00 00:00:00', '2026-00-00 00:00:00', '\"str\"', "
                "'::ffff:1.2.3.4', '10.0.0.1', 'short', x'00', UUID()), "
                "(4, '2026-01-01', NULL, NULL, '-1.5', 'fe80::1:0:0:1', NULL, NULL, NULL, NULL), "
                "(5, NULL, NULL, NULL, '18446744073709551615', '::1.2.3.4', NULL, ' ', ' ', NULL), "
                "(6, NULL, NULL, NULL, 'true', '1:2:3:4:5:6:7:8', NULL, NULL, NULL, NULL), "
                "(7, NULL, NULL, NULL, '1e2', '1:0:0:4:0:0:0:8', NULL, NULL, NULL, NULL), "
                "(8, NULL, NULL, NULL, NULL, '0:2:3:4:5:6:7:8', NULL, NULL, NULL, NULL), "
                "(9, NULL, NULL, NULL, NULL, '::2', NULL, NULL, NULL, NULL), "
                "(11, NULL, NULL, NULL, NULL, '1:0:3:4:5:6:7:8', NULL, NULL, NULL, NULL), "
                "(12, NULL, NULL, NULL, NULL, '1:2:3:4:5:6:7:0', NULL, NULL, NULL, NULL), "
                "(13, NULL, NULL, NULL, NULL, '0:1::2:0:0:3', NULL, NULL, NULL, NULL), "
                "(10, NULL, NULL, NULL, NULL, '64:ff9b::1.2.3.4', NULL, NULL, NULL, NULL)");
  sql.push_back("UPDATE " + table + " SET i4 = 5, v = CONCAT(v, '!'), j = JSON_SET('{\"a\":1}', "
                "'$.b', 1.50), vc = REPEAT('x', 500) WHERE id = 2");
  return sql;
}

}  // namespace tailrace::capture::testing
