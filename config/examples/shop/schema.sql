-- The shop that the examples, the tests and the demo work on. Load it into an empty database (shop).
--
-- * Every table has a primary key, and keys are BIGINT: they join by value, never by collation.
-- * No foreign keys: the load generator deletes products that items still point at and orders whose
--   items stay behind, because a change-data-capture program must survive both.
-- * Times are UTC. DATETIME has no zone in MySQL, so documents show none; TIMESTAMP shows Z.
-- * At every commit: orders.items_total = sum of its order_items.line_total, and
--   orders.total = items_total - discount. A document that shows anything else was torn.

CREATE TABLE users (
  id            BIGINT NOT NULL PRIMARY KEY,
  email         VARCHAR(190) NOT NULL,
  name          VARCHAR(120) NOT NULL,
  tier          ENUM('BRONZE', 'SILVER', 'GOLD', 'VIP') NOT NULL DEFAULT 'BRONZE',
  country       CHAR(2) NOT NULL DEFAULT 'KR',
  birth_date    DATE NULL,
  marketing     BIT(1) NOT NULL DEFAULT b'0',
  points        BIGINT UNSIGNED NOT NULL DEFAULT 0,
  preferences   JSON NULL,
  created_at    TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE categories (
  id            BIGINT NOT NULL PRIMARY KEY,
  name          VARCHAR(80) NOT NULL,
  slug          VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  sort_no       SMALLINT NOT NULL DEFAULT 0
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE products (
  id            BIGINT NOT NULL PRIMARY KEY,
  sku           VARCHAR(40) COLLATE utf8mb4_bin NOT NULL,
  name          VARCHAR(200) NOT NULL,
  category_id   BIGINT NOT NULL,
  price         DECIMAL(12, 2) NOT NULL,
  weight_kg     DOUBLE NULL,
  rating        FLOAT NULL,
  tags          SET('new', 'sale', 'fragile', 'chilled', 'limited') NOT NULL DEFAULT '',
  attributes    JSON NULL,
  active        BIT(1) NOT NULL DEFAULT b'1',
  image_digest  BINARY(16) NULL,
  model_year    YEAR NULL,
  released_on   DATE NULL,
  description   TEXT NULL,
  KEY by_category (category_id)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE coupons (
  id            BIGINT NOT NULL PRIMARY KEY,
  code          VARCHAR(32) COLLATE utf8mb4_bin NOT NULL,
  title         VARCHAR(120) NOT NULL,
  percent       DECIMAL(5, 2) NOT NULL,
  min_total     DECIMAL(12, 2) NOT NULL DEFAULT 0,
  valid_until   DATE NULL,
  UNIQUE KEY by_code (code)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE user_coupons (
  id            BIGINT NOT NULL PRIMARY KEY,
  user_id       BIGINT NOT NULL,
  coupon_id     BIGINT NOT NULL,
  state         ENUM('ISSUED', 'USED', 'EXPIRED') NOT NULL DEFAULT 'ISSUED',
  issued_at     DATETIME(3) NOT NULL,
  used_at       DATETIME(3) NULL,
  order_id      BIGINT NULL,
  UNIQUE KEY one_of_each (user_id, coupon_id)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE orders (
  id              BIGINT NOT NULL PRIMARY KEY,
  order_no        VARCHAR(32) COLLATE utf8mb4_bin NOT NULL,
  user_id         BIGINT NOT NULL,
  coupon_id       BIGINT NULL,
  status          ENUM('PLACED', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED') NOT NULL,
  status_at       DATETIME(3) NOT NULL,              -- since when it has this status
  items_total     DECIMAL(14, 2) NOT NULL,
  discount        DECIMAL(14, 2) NOT NULL DEFAULT 0,
  total           DECIMAL(14, 2) NOT NULL,
  is_gift         BIT(1) NOT NULL DEFAULT b'0',
  note            VARCHAR(500) NULL,
  delivery        JSON NULL,
  placed_at       DATETIME(3) NOT NULL,
  paid_at         DATETIME(3) NULL,
  finished_at     DATETIME(3) NULL,                  -- delivered
  hours_to_finish INT NULL,                          -- "finished within N days" is a range over this
  updated_at      TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY by_user (user_id, placed_at)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE order_items (
  id            BIGINT NOT NULL PRIMARY KEY,
  order_id      BIGINT NOT NULL,
  line_no       INT NOT NULL,
  product_id    BIGINT NOT NULL,
  quantity      INT NOT NULL,
  unit_price    DECIMAL(12, 2) NOT NULL,
  line_total    DECIMAL(14, 2) NOT NULL,             -- quantity * unit_price, so that an index can sum it
  gift_message  VARCHAR(200) NULL,
  KEY by_order (order_id),
  KEY by_product (product_id)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE payments (
  id            BIGINT NOT NULL PRIMARY KEY,
  order_id      BIGINT NOT NULL,
  method        ENUM('CARD', 'BANK', 'NAVER_PAY', 'KAKAO_PAY') NOT NULL,
  state         ENUM('PENDING', 'PAID', 'REFUNDED', 'FAILED') NOT NULL,
  amount        DECIMAL(14, 2) NOT NULL,
  receipt       VARBINARY(64) NULL,
  paid_at       DATETIME(3) NULL,
  created_at    TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  KEY by_order (order_id)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE shipments (
  id            BIGINT NOT NULL PRIMARY KEY,
  order_id      BIGINT NOT NULL,
  carrier       VARCHAR(60) NOT NULL,
  tracking_no   VARCHAR(60) NULL,
  state         ENUM('READY', 'IN_TRANSIT', 'DELIVERED', 'RETURNED') NOT NULL,
  weight_g      INT UNSIGNED NULL,
  pickup_at     TIME NULL,
  eta           DATE NULL,
  shipped_at    DATETIME(3) NULL,
  delivered_at  DATETIME(3) NULL,
  KEY by_order (order_id)
) DEFAULT CHARSET = utf8mb4;
