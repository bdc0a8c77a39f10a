"""A purchase as the documentation describes it: UserPurchaseProto, its limits, and the event that it becomes."""

import json
from typing import NamedTuple

USER_ID_BYTES_MAX = 256
PRODUCT_BYTES_MAX = 1_024
QUANTITY_MAX = 1_000_000
PRICE_MAX = 1_000_000_000


class Purchase(NamedTuple):
    """What a user bought. The price is of one, in pence."""

    product: str
    quantity: int
    price: int


def read_purchase(value: bytes | None) -> tuple[str, Purchase] | None:
    """A user's id and the purchase; None for a value that has to become a dead letter."""
    try:
        fields = _fields(value or b"")
        user_id = fields.get(1, b"").decode()
        product = fields.get(2, b"").decode()
    except (ValueError, IndexError, AttributeError):
        return None
    quantity, price = (_signed(fields.get(number, 0)) for number in (3, 4))
    is_within = (
        value is not None
        and 1 <= len(user_id.encode()) <= USER_ID_BYTES_MAX
        and len(product.encode()) <= PRODUCT_BYTES_MAX
        and 1 <= quantity <= QUANTITY_MAX
        and 0 <= price <= PRICE_MAX
    )
    return (user_id, Purchase(product, quantity, price)) if is_within else None


def event_bytes(purchase: Purchase) -> bytes:
    """The event of a purchase, as it is in its topic and in the journal."""
    event = {"type": "purchase", **purchase._asdict()}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def _fields(data: bytes) -> dict[int, bytes | int]:
    """field => tag:varint value; the last of a field's values counts. Types other than the message's are skipped."""
    fields: dict[int, bytes | int] = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise ValueError("no field has the number 0")
        value: bytes | int
        if wire_type == 0:
            value, at = _varint(data, at)
        elif wire_type in (1, 5):
            value, at = b"", at + (8 if wire_type == 1 else 4)
        elif wire_type == 2:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"no wire type {wire_type}")
        if at > len(data):
            raise ValueError("it ends within a value")
        if wire_type == WIRE_TYPES.get(number):
            fields[number] = value
    return fields


WIRE_TYPES = {1: 2, 2: 2, 3: 0, 4: 0}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
    raise ValueError("a number is too long")


def _signed(number: bytes | int) -> int:
    assert isinstance(number, int)
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >= 1 << 63 else number
