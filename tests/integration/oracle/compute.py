"""Computed fields: `sum(items.qty * items.price)`. The expressions happen to be Python, so Python reads them."""

import ast
import decimal
import math
import struct

EXACT = decimal.Context(prec=2000, traps=[decimal.Inexact, decimal.InvalidOperation])
REAL = {"float", "double"}


class Formula:
    """One function over the rows of one child."""

    def __init__(self, text):
        call = ast.parse(text.strip(), mode="eval").body
        self.function = call.func.id
        [self._argument] = call.args
        self._text = text.strip()
        named = [n for n in ast.walk(call) if isinstance(n, ast.Attribute)]
        self.columns = sorted({node.attr for node in named})
        children = {node.value.id for node in named} or {self._argument.id}
        [self.child] = children

    def over(self, rows, kinds):
        """The value as JSON shows it; None where no row has one."""
        if self.function == "count":
            return len(rows)
        whole = [row for row in rows if all(value is not None for value in row.values())]
        if not whole:
            return None
        if self.function in ("min", "max"):
            return self._extreme([row[self.columns[0]] for row in whole], kinds[self.columns[0]])
        if REAL & set(kinds.values()):
            total = math.fsum(self._value(self._argument, row, kinds, _real) for row in whole)
            return decimal.Decimal(repr(total)) if math.isfinite(total) else None
        with decimal.localcontext(EXACT):
            total = sum(self._value(self._argument, row, kinds, _exact) for row in whole)
        # As the file's types say, not as the values happen to be.
        if "decimal" not in kinds.values() and not self._has_fraction():
            return int(total)
        return f"{total.copy_abs() if total == 0 else total:f}"

    def _extreme(self, values, kind):
        key = decimal.Decimal if kind == "decimal" else _order
        return (min if self.function == "min" else max)(values, key=key)

    def _has_fraction(self):
        numbers = [n for n in ast.walk(self._argument) if isinstance(n, ast.Constant)]
        return any("." in ast.get_source_segment(self._text, number) for number in numbers)

    def _value(self, node, row, kinds, read):
        if isinstance(node, ast.BinOp):
            left, right = (self._value(n, row, kinds, read) for n in (node.left, node.right))
            if isinstance(node.op, ast.Mult):
                return left * right
            return left + right if isinstance(node.op, ast.Add) else left - right
        if isinstance(node, ast.UnaryOp):
            return -self._value(node.operand, row, kinds, read)
        if isinstance(node, ast.Constant):
            return read(ast.get_source_segment(self._text, node), None)
        return read(row[node.attr], kinds[node.attr])


def _exact(value, _):
    return decimal.Decimal(value)


def _real(value, kind):
    number = float(value)
    return struct.unpack("<f", struct.pack("<f", number))[0] if kind == "float" else number


def _order(value):
    return value.encode() if isinstance(value, str) else value


def parse(text):
    return Formula(text)


def columns_of(formulas, child):
    """The columns that formulas over this child need."""
    return [name for f in formulas.values() if f.child == child for name in f.columns]
