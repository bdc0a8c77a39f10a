"""From the input log alone: what must have come out of it."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

import wire
from message import Content, Message, output_bytes, read_message
from murmur2 import home_partition
from report import Report
from wire import Record, TopicLog


class Expected(NamedTuple):
    """The message of this number, which is its place in the conversation's list."""

    message: Message
    # Where its input is at home, and the time it first arrived.
    source: tuple[int, int]
    timestamp_ms: int


@dataclass
class Expectation:
    """What the input log leads to."""

    conversations: dict[str, list[Expected]] = field(default_factory=dict)
    # (partition, offset) of the input → the input
    dead_letters: dict[tuple[int, int], Record] = field(default_factory=dict)
    # (partition, offset) of the record that was not at home → the record and its message
    strays: dict[tuple[int, int], tuple[Record, Message]] = field(default_factory=dict)
    # Records that carry the headers of a forwarded one
    copies: list[Record] = field(default_factory=list)
    duplicate_count: int = 0


def expect(inputs: TopicLog) -> Expectation:
    """Reads the input log as the documentation says that the program reads it."""
    expectation = Expectation()
    recent: dict[str, RecentIds] = {}
    for record in inputs.records:
        message = read_message(record.value)
        at = (record.partition, record.offset)
        is_copy = record.header("fw-from") is not None
        if is_copy:
            expectation.copies.append(record)
        if message is None:
            expectation.dead_letters[at] = record
        elif home_partition(message.conversation_key, inputs.partition_count) != record.partition:
            if is_copy:
                # Forwarded and still not at home: no third try.
                expectation.dead_letters[at] = record
            else:
                expectation.strays[at] = (record, message)
        else:
            _at_home(expectation, recent, record, message)
    return expectation


def compare_forwards(expectation: Expectation, topic: str, report: Report) -> None:
    """Each record that is not at home has exactly one copy, at home, with its origin."""
    copies: Counter[tuple[int, int]] = Counter()
    for copy in expectation.copies:
        origin = _origin(copy, topic)
        stray = None if origin is None else expectation.strays.get(origin)
        if origin is None or stray is None:
            # Somebody else's copy, or one that was forwarded although it was at home or invalid.
            report.add("wrongForwards", "inputs", at=copy.place, origin=copy.header("fw-from"))
            continue
        copies[origin] += 1
        record, message = stray
        headers_kept = copy.headers[: len(record.headers)] == record.headers
        if (
            copy.value != record.value
            or copy.key != message.conversation_key.encode()
            or not headers_kept
        ):
            report.add("wrongForwards", "inputs", at=copy.place, origin=record.place)
        if copy.header("fw-time") != str(record.timestamp_ms):
            report.add("wrongTimes", "inputs", at=copy.place, origin=record.place)
    for at, (record, message) in expectation.strays.items():
        if copies[at] == 0:
            report.add(
                "missingForwards", "inputs", at=record.place, conversation=message.conversation_key
            )
        elif copies[at] > 1:
            report.add("repeatedForwards", "inputs", at=record.place, copies=copies[at])


class RecentIds:
    """The messageIds among a conversation's last messages."""

    def __init__(self) -> None:
        self._ids: deque[tuple[int, tuple[str, str], int]] = deque()
        self._known: Counter[tuple[str, str]] = Counter()
        self._bytes = 0

    def knows(self, content: Content) -> bool:
        return (
            content.message_id is not None and (content.sender, content.message_id) in self._known
        )

    def add(self, seq: int, content: Content) -> None:
        """The message `seq` was accepted."""
        if content.message_id is not None:
            id_bytes = len(content.message_id.encode())
            self._ids.append((seq, (content.sender, content.message_id), id_bytes))
            self._known[content.sender, content.message_id] += 1
            self._bytes += id_bytes
        while self._ids and (
            self._ids[0][0] <= seq - wire.DUPLICATE_MESSAGES
            or self._bytes > wire.DUPLICATE_ID_BYTES_MAX
        ):
            _, key, id_bytes = self._ids.popleft()
            self._bytes -= id_bytes
            self._known[key] -= 1
            if self._known[key] == 0:
                del self._known[key]


def _at_home(
    expectation: Expectation, recent: dict[str, RecentIds], record: Record, message: Message
) -> None:
    key = message.conversation_key
    ids = recent.setdefault(key, RecentIds())
    messages = expectation.conversations.get(key, [])
    if ids.knows(message.content):
        expectation.duplicate_count += 1
        return
    if len(output_bytes(message, len(messages))) > wire.OUTPUT_BYTES_MAX:
        expectation.dead_letters[record.partition, record.offset] = record
        return
    ids.add(len(messages), message.content)
    source = (record.partition, record.offset)
    messages.append(Expected(message, source, _time_of(record)))
    expectation.conversations[key] = messages


def _time_of(record: Record) -> int:
    first = record.header("fw-time")
    return int(first) if first is not None and first.isdigit() else record.timestamp_ms


def _origin(copy: Record, topic: str) -> tuple[int, int] | None:
    """`topic/topicId/partition/offset`"""
    parts = (copy.header("fw-from") or "").split("/")
    if len(parts) != 4 or parts[0] != topic or not (parts[2].isdigit() and parts[3].isdigit()):
        return None
    return int(parts[2]), int(parts[3])
