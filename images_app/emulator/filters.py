"""`meta.<field>[<operator>]=<value>`: the metadata filters of the v2 list, as SQL over the JSON column.

A type may follow the operator (`[gt:number]`): then only stored values of that type match. Without one the value
is compared with strings as text, with numbers as a number when it is one, with booleans when it is true or false.
"""

import re
from collections.abc import Iterable

from images_app.emulator.errors import ApiError
from images_app.emulator.images import Condition

_OPERATORS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_TYPES = ("string", "number", "boolean")
_MAX_FILTERS = 5
_MAX_DEPTH = 5
_MAX_CHOICES = 10


def conditions(parameters: Iterable[tuple[str, str]]) -> list[Condition]:
    """The metadata filters among these query parameters. Raises ApiError 5400."""
    found = [(name, value) for name, value in parameters if name.startswith("meta.")]
    if len(found) > _MAX_FILTERS:
        raise ApiError(5400, f"Too many metadata filters: {len(found)} provided, maximum {_MAX_FILTERS} allowed")
    return [_condition(name, value) for name, value in found]


def _condition(name: str, value: str) -> Condition:
    match = re.fullmatch(r"meta\.([^\[\]]*)\[([^\[\]]*)\]", name)
    if match is None:
        raise ApiError(5400, f"Invalid metadata filter: '{name[:100]}', expected meta.<field>[<operator>]")
    path = _path(match[1])
    operator, colon, type = match[2].partition(":")
    if colon and type not in _TYPES:
        raise ApiError(5400, f"Unsupported metadata filter type: '{type[:40]}'")
    if operator == "in":
        choices = value.split("|")
        if len(choices) > _MAX_CHOICES:
            raise ApiError(5400, f"Too many values in metadata filter: maximum {_MAX_CHOICES} allowed")
        parts = [_compare(path, "=", choice, type) for choice in choices]
        return f"({' OR '.join(sql for sql, _ in parts)})", [v for _, values in parts for v in values]
    if operator not in _OPERATORS:
        raise ApiError(5400, f"Unsupported metadata filter operator: '{operator[:40]}'")
    return _compare(path, _OPERATORS[operator], value, type)


def _path(field: str) -> str:
    levels = field.split(".")
    if len(levels) > _MAX_DEPTH:
        raise ApiError(5400, f"Metadata filter field is too deep: maximum {_MAX_DEPTH} levels allowed")
    if not all(re.fullmatch(r"[A-Za-z0-9_]{1,256}", level) for level in levels):
        raise ApiError(5400, f"Invalid metadata filter field: '{field[:100]}'")
    return "$" + "".join(f'."{level}"' for level in levels)


def _compare(path: str, operator: str, value: str, type: str) -> Condition:
    """One comparison for each type that the value may have."""
    number = _number(value)
    if type == "number" and number is None:
        raise ApiError(5400, f"Invalid number in metadata filter: '{value[:40]}'")
    if type == "boolean" and value not in ("true", "false"):
        raise ApiError(5400, f"Invalid boolean in metadata filter: '{value[:40]}'")
    either: list[Condition] = []
    if type in ("", "string"):
        either.append((f"(json_type(meta, ?) = 'text' AND json_extract(meta, ?) {operator} ?)", (path, path, value)))
    if type in ("", "number") and number is not None:
        either.append(
            (
                f"(json_type(meta, ?) IN ('integer', 'real') AND json_extract(meta, ?) {operator} ?)",
                (path, path, number),
            )
        )
    if type in ("", "boolean") and value in ("true", "false"):
        either.append(
            (
                f"(json_type(meta, ?) IN ('true', 'false') AND json_extract(meta, ?) {operator} ?)",
                (path, path, int(value == "true")),
            )
        )
    return f"({' OR '.join(sql for sql, _ in either)})", [v for _, values in either for v in values]


def _number(text: str) -> float | int | None:
    if re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?[0-9]{1,15}\.[0-9]{1,15}", text) else None
