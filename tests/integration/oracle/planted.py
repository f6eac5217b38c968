"""Mistakes to plant in right documents: what the oracle must find. Used by selftest.py.

Each takes (body, row) where row is the mutable [id, version, deleted] of the store; returns nothing.
`MISTAKES` says what the oracle must report: different, missing or extra.
"""

MISTAKES = {}


def mistake(kind, needs=lambda body: True):
    def register(function):
        MISTAKES[function.__name__] = (function, kind, needs)
        return function

    return register


def has_items(count):
    return lambda body: len(body["items"]) >= count and body["items"][0]["product"] is not None


def has_coupon(body):
    return body["coupon"] is not None


@mistake("different")
def decimal_lost_a_digit(body, _row):
    body["total"] = body["total"][:-1]


@mistake("different")
def decimal_became_a_number(body, _row):
    body["total"] = float(body["total"])


@mistake("different")
def bool_became_a_number(body, _row):
    body["is_gift"] = int(body["is_gift"])


@mistake("different")
def number_became_a_string(body, _row):
    body["user_id"] = str(body["user_id"])


@mistake("different")
def timestamp_lost_its_zone(body, _row):
    body["updated_at"] = body["updated_at"].rstrip("Z")


@mistake("different")
def datetime_lost_its_milliseconds(body, _row):
    body["placed_at"] = body["placed_at"][:19]


@mistake("different", has_items(2))
def items_in_another_order(body, _row):
    body["items"].reverse()


@mistake("different", has_items(1))
def an_item_is_missing(body, _row):
    body["items"].pop()


@mistake("different", has_items(1))
def an_item_is_there_twice(body, _row):
    body["items"].append(body["items"][0])


@mistake("different", has_items(1))
def product_has_an_old_name(body, _row):
    body["items"][0]["product"]["name"] += " (old)"


@mistake("different", has_items(1))
def product_is_null(body, _row):
    body["items"][0]["product"] = None


@mistake("different", has_items(1))
def nested_category_is_stale(body, _row):
    body["items"][0]["product"]["category"]["name"] = "stale"


@mistake("different", has_items(1))
def set_is_a_string(body, _row):
    body["items"][0]["product"]["tags"] = ",".join(body["items"][0]["product"]["tags"])


@mistake("different", lambda body: body["delivery"] is not None)
def json_number_changed(body, _row):
    body["delivery"]["geo"][1] = 127.25


@mistake("different", lambda body: body["delivery"] is not None)
def json_column_is_text(body, _row):
    body["delivery"] = str(body["delivery"])


@mistake("different", lambda body: body["note"] is None)
def null_field_is_left_out(body, _row):
    del body["note"]


@mistake("different")
def a_hidden_column_shows(body, _row):
    body["secret"] = 1


@mistake("different")
def fields_in_another_order(body, _row):
    body["id"] = body.pop("id")


@mistake("different", lambda body: body["payments"])
def payments_is_an_object(body, _row):
    body["payments"] = body["payments"][0]


@mistake("different", lambda body: body["shipment"] is None)
def shipment_is_an_empty_array(body, _row):
    body["shipment"] = []


@mistake("different", has_coupon)
def kept_coupon_of_another_key(body, _row):
    body["coupon"]["id"] += 1


@mistake("different", has_coupon)
def kept_coupon_is_null_although_there(body, _row):
    body["coupon"] = None


@mistake("different", has_coupon)
def kept_coupon_lacks_a_field(body, _row):
    del body["coupon"]["percent"]


@mistake("different", lambda body: body["coupon_id"] is None)
def kept_coupon_without_a_key(body, _row):
    body["coupon"] = {"id": 1, "code": "X", "title": "X", "percent": "1.00"}


@mistake("different")
def version_is_not_the_stores(body, row):
    row[1] += 1


@mistake("different")
def source_is_missing(body, _row):
    body["_tailrace"]["source"] = {}


@mistake("different")
def envelope_is_missing(body, _row):
    del body["_tailrace"]


@mistake("missing")
def a_live_order_is_a_stub(body, row):
    row[2] = 1
    meta = body["_tailrace"]
    body.clear()
    body["_tailrace"] = {**meta, "deleted": True}


@mistake("extra")
def an_order_that_is_not_there(body, row):
    row[0] = "no such order"
