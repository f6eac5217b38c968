"""The things an order refers to: categories, products, coupons, users and their coupons."""

import json

from . import text

BATCH = 500


def fill(shop, users, products):
    """Adds categories and coupons if there are none, then users and products. Returns rows made."""
    made = 0
    if not shop.categories:
        made += _insert(
            shop, "categories", [category(shop) for _ in text.CATEGORIES], shop.categories
        )
    if not shop.coupons:
        made += _insert(shop, "coupons", [coupon(shop) for _ in range(24)], shop.coupons)
    made += _insert(shop, "products", [product(shop) for _ in range(products)], shop.products)
    made += _insert(shop, "users", [user(shop) for _ in range(users)], shop.users)
    issued = [row for _ in range(users) for row in [user_coupon(shop)] if row]
    unique = list({(r["user_id"], r["coupon_id"]): r for r in issued}.values())
    return made + _insert(shop, "user_coupons", unique, [], verb="INSERT IGNORE")


def _insert(shop, table, rows, known, verb="INSERT"):
    for start in range(0, len(rows), BATCH):
        with shop.transaction() as sql:
            sql.insert(table, *rows[start : start + BATCH], verb=verb)
    known.extend(row["id"] for row in rows)
    return len(rows)


def category(shop):
    number = shop.new_id("categories")
    name = text.CATEGORIES[(number - 1) % len(text.CATEGORIES)]
    return {"id": number, "name": name, "slug": f"category-{number}", "sort_no": -number}


def coupon(shop):
    number, rng = shop.new_id("coupons"), shop.rng
    return {
        "id": number,
        "code": f"WELCOME{number:04d}",
        "title": f"{rng.choice(text.ADJECTIVES)} 쿠폰 🎟️ {number}",
        "percent": f"{rng.randrange(50, 3000) / 100:.2f}",
        "min_total": f"{rng.randrange(0, 50)}.00",
        "valid_until": rng.choice([None, shop.now.date().isoformat(), "2027-12-31"]),
    }


def product(shop, number=None):
    rng = shop.rng
    number = number or shop.new_id("products")
    return {
        "id": number,
        "sku": f"SKU-{number:06d}",
        "name": text.product(rng),
        "category_id": rng.choice(shop.categories),
        "price": f"{rng.randrange(50, 20000) / 100:.2f}",
        "weight_kg": rng.choice([None, rng.randrange(1, 5000) / 1000, 3.0, 1e-7]),
        "rating": rng.choice([None, rng.randrange(0, 51) / 10]),
        "tags": ",".join(tag for tag in text.TAGS if rng.random() < 0.25),
        "attributes": rng.choice([None, attributes(rng)]),
        "active": rng.random() < 0.9,
        "image_digest": rng.randbytes(rng.choice([16, 9])),
        "model_year": rng.choice([None, 2024, 2025, 2026]),
        "released_on": rng.choice([None, shop.moment(900).date()]),
        "description": rng.choice([None, text.product(rng) * 5]),
    }


def attributes(rng):
    return json.dumps(
        {
            "색상": rng.choice(text.COLOURS),
            "sizes": [rng.randrange(1, 12) for _ in range(rng.randrange(4))],
            "spec": {
                "volts": rng.choice([110, 220]),
                "watts": rng.randrange(1, 9000) / 10,
                "cordless": rng.random() < 0.5,
            },
            "barcode": rng.randrange(10**17, 10**18),
            "maker": rng.choice([None, "삼성", "L'Oréal"]),
        },
        ensure_ascii=False,
    )


def user(shop):
    number, rng = shop.new_id("users"), shop.rng
    return {
        "id": number,
        "email": f"user{number}@shop.example",
        "name": text.person(rng),
        "tier": rng.choice(text.TIERS),
        "country": rng.choice(text.COUNTRIES),
        "birth_date": rng.choice(
            [
                None,
                f"{rng.randrange(1950, 2010)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
            ]
        ),
        "marketing": rng.random() < 0.5,
        "points": rng.choice([0, rng.randrange(100000), 2**63 + number]),
        "preferences": rng.choice([None, json.dumps({"언어": "ko", "push": rng.random() < 0.5})]),
        "created_at": shop.moment(700),
    }


def user_coupon(shop):
    if not shop.users:
        return None
    return {
        "id": shop.new_id("user_coupons"),
        "user_id": shop.rng.choice(shop.users),
        "coupon_id": shop.rng.choice(shop.coupons),
        "state": shop.rng.choice(["ISSUED", "ISSUED", "EXPIRED"]),
        "issued_at": shop.moment(60),
        "used_at": None,
        "order_id": None,
    }
