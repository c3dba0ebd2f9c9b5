"""The small part of CBOR that proofs are written in, read strictly: what can be written twice is refused.

Integers of 53 bits (so that every language reads them alike), byte strings, text, lists and maps with integer
or text keys; no tags, floats or other simple values. A general library reads more than that on purpose, and
would have to be asked after the fact what it had overlooked; this one can't overlook it, needs nothing
installed, and is the line-by-line twin of the verifier in JavaScript (RFC 8949, section 4.2.1).
"""

from __future__ import annotations

from typing import Final

Value = int | bytes | str | list["Value"] | dict["int | str", "Value"]

DEEPEST: Final = 8
"""No item lies deeper than this, the outermost being at depth one."""

LARGEST: Final = 2**53 - 1
"""The largest argument of any item: integers beyond it are not the same number everywhere."""

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP = range(6)
_SHORTEST: Final = (24, 1 << 8, 1 << 16, 1 << 32)
"""The least argument that may be written in one, two, four and eight bytes."""


class Malformed(ValueError):  # noqa: N818 - named by the refusal, like the register's errors
    """The bytes are not what they must be; nothing in them may be believed."""


def encode(value: Value, *, sort: bool = True) -> bytes:
    """The value's only encoding; with ``sort=False`` maps keep the order they are given in."""
    match value:
        case bool():
            raise Malformed("a truth value has no place in a proof")
        case int():
            return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
        case bytes():
            return _head(_BYTES, len(value)) + value
        case str():
            return _encoded_text(value)
        case list():
            return _head(_LIST, len(value)) + b"".join(encode(item, sort=sort) for item in value)
        case dict():
            pairs = [(encode(key), encode(item, sort=sort)) for key, item in value.items()]
            return _head(_MAP, len(pairs)) + b"".join(key + item for key, item in _ordered(pairs, sort=sort))
    raise Malformed(f"a proof has no {type(value).__name__}")


def _encoded_text(value: str) -> bytes:
    try:
        text = value.encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed("half a character is no text") from None
    return _head(_TEXT, len(text)) + text


def _ordered(pairs: list[tuple[bytes, bytes]], *, sort: bool) -> list[tuple[bytes, bytes]]:
    return sorted(pairs) if sort else pairs


def _head(major: int, argument: int) -> bytes:
    if argument > LARGEST:
        raise Malformed("the number has more than 53 bits")
    if argument < _SHORTEST[0]:
        return bytes([major << 5 | argument])
    size = sum(argument >= least for least in _SHORTEST) - 1
    return bytes([major << 5 | (24 + size)]) + argument.to_bytes(1 << size, "big")


def decode(data: bytes, *, sorted_keys: bool = True) -> Value:
    """The one item that the bytes hold; refuses with ``Malformed`` whatever ``encode`` would not write.

    With ``sorted_keys=False`` the keys of a map may stand in any order, for formats that others frozen so.
    """
    reader = _Reader(data, sorted_keys=sorted_keys)
    value = reader.item(1)
    if reader.at != len(data):
        raise Malformed("bytes follow the end")
    return value


class _Reader:
    """A place in the bytes that only moves forward."""

    def __init__(self, data: bytes, *, sorted_keys: bool) -> None:
        self.data, self.sorted_keys, self.at = data, sorted_keys, 0

    def item(self, depth: int) -> Value:
        if depth > DEEPEST:
            raise Malformed("items lie too deep")
        first = self.take(1)[0]
        major, argument = first >> 5, self.argument(first & 31)
        match major:
            case 0:
                return argument
            case 1:
                return -1 - argument
            case 2:
                return self.take(argument)
            case 3:
                return self.text(argument)
        self.enough(argument)
        match major:
            case 4:
                return [self.item(depth + 1) for _ in range(argument)]
            case 5:
                return self.map(argument, depth)
        raise Malformed("tags, floats and simple values have no place in a proof")

    def argument(self, info: int) -> int:
        """The number behind an item's first byte: a length, a count or the integer itself."""
        if info < _SHORTEST[0]:
            return info
        if info > 27:
            raise Malformed("a length is not stated")
        value = int.from_bytes(self.take(1 << (info - 24)), "big")
        if not _SHORTEST[info - 24] <= value <= LARGEST:
            raise Malformed("a number is longer than it needs to be, or too large")
        return value

    def enough(self, size: int) -> None:
        """Refuses a count that the bytes left can't hold, before anything is made for it."""
        if size > len(self.data) - self.at:
            raise Malformed("the bytes end too early")

    def take(self, size: int) -> bytes:
        self.enough(size)
        self.at += size
        return self.data[self.at - size : self.at]

    def text(self, size: int) -> str:
        try:
            return self.take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed("text is not UTF-8") from None

    def map(self, size: int, depth: int) -> dict[int | str, Value]:
        found: dict[int | str, Value] = {}
        before = b""
        for _ in range(size):
            start = self.at
            key = self.item(depth + 1)
            written = self.data[start : self.at]
            if not isinstance(key, int | str) or key in found or (self.sorted_keys and written <= before):
                raise Malformed("a key is of a wrong kind, stands twice or out of order")
            found[key] = self.item(depth + 1)
            before = written
        return found
