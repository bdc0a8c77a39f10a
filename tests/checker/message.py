"""Messages: what a valid one is, and the exact bytes of the output and the event that it leads to."""

import json
from typing import NamedTuple

import wire


class Content(NamedTuple):
    """What was said, without its number: two messages with the same content cannot be told apart."""

    sender: str
    recipients: tuple[str, ...]
    body: str
    message_id: str | None


class Message(NamedTuple):
    conversation_key: str
    content: Content


def read_message(value: bytes | None) -> Message | None:
    """The message of an input record, None if it is not valid."""
    fields = read_object(value)
    if fields is None:
        return None
    key, sender, body = (fields.get(name) for name in ("conversationKey", "sender", "body"))
    recipients, message_id = fields.get("recipients"), fields.get("messageId")
    if not is_text(key, 1, wire.KEY_BYTES_MAX) or not is_text(sender, 1, wire.SENDER_BYTES_MAX):
        return None
    if not is_text(body, 0, wire.BODY_BYTES_MAX):
        return None
    if not isinstance(recipients, list) or len(recipients) > wire.RECIPIENTS_MAX:
        return None
    if not all(is_text(each, 1, wire.SENDER_BYTES_MAX) for each in recipients):
        return None
    if message_id is not None and not is_text(message_id, 1, wire.MESSAGE_ID_BYTES_MAX):
        return None
    return Message(key, Content(sender, tuple(recipients), body, message_id))


def read_object(value: bytes | None) -> dict | None:
    """A JSON object in strict UTF-8, None if it is not one."""
    if value is None:
        return None
    try:
        parsed = _DECODER.decode(value.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def is_text(value: object, bytes_min: int, bytes_max: int) -> bool:
    """A text of so many UTF-8 bytes; half a character (a lone surrogate) makes it none."""
    if not isinstance(value, str):
        return False
    try:
        return bytes_min <= len(value.encode("utf-8")) <= bytes_max
    except UnicodeEncodeError:
        return False


def output_bytes(message: Message, seq: int) -> bytes:
    """The value of the output record."""
    content = message.content
    fields = {
        "conversationKey": message.conversation_key,
        "sender": content.sender,
        "recipients": content.recipients,
        "conversationMsgSeq": seq,
        "body": content.body,
    }
    return _encode(fields, content.message_id)


def event_bytes(content: Content, seq: int) -> bytes:
    """The value of the event record, and the event in the journal."""
    fields = {
        "type": "message",
        "sender": content.sender,
        "recipients": content.recipients,
        "conversationMsgSeq": seq,
        "body": content.body,
    }
    return _encode(fields, content.message_id)


def read_numbered(value: bytes | None) -> tuple[dict, int, Content] | None:
    """The fields, the number and the content of an output or event, None if it is neither."""
    fields = read_object(value)
    if fields is None:
        return None
    seq = fields.get("conversationMsgSeq")
    sender, body = fields.get("sender"), fields.get("body")
    recipients, message_id = fields.get("recipients"), fields.get("messageId")
    if type(seq) is not int or not isinstance(sender, str) or not isinstance(body, str):
        return None
    if not isinstance(recipients, list) or not isinstance(message_id, str | None):
        return None
    return fields, seq, Content(sender, tuple(map(str, recipients)), body, message_id)


def _encode(fields: dict, message_id: str | None) -> bytes:
    if message_id is not None:
        fields["messageId"] = message_id
    return _ENCODER.encode(fields).encode("utf-8")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)


# Python refuses whole numbers that JSON allows, and takes NaN, which JSON does not know.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_int=_number)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
