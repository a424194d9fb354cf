"""Writes rows as CSV (RFC 4180) that a spreadsheet shows and does not execute."""

import csv
import io
from collections.abc import Iterable

CSV = "text/csv"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets take a cell that begins so for a formula (OWASP, CSV injection)."""


def csv_lines(rows: Iterable[Iterable[object]]) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerows([cell(value) for value in row] for row in rows)
    return target.getvalue().encode()


def cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
