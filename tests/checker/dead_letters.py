"""Every invalid input is a dead letter exactly once, as it came, with its origin and the reason."""

from collections import Counter

import wire
from expectation import Expectation
from report import Report
from wire import Record, TopicLog


def compare_dead_letters(
    expectation: Expectation, input_topic: str, dead_letters: TopicLog, report: Report
) -> None:
    """Dead letters of other topics are not looked at."""
    seen: Counter[tuple[int, int]] = Counter()
    for letter in dead_letters.records:
        if letter.header("dl-topic") is None:
            report.add("wrongDeadLetters", "deadLetters", at=letter.place, why="no origin")
        if letter.header("dl-topic") != input_topic:
            continue
        origin = _origin(letter)
        original = None if origin is None else expectation.dead_letters.get(origin)
        if origin is None or original is None:
            report.add("extraDeadLetters", "deadLetters", at=letter.place, origin=origin)
            continue
        seen[origin] += 1
        why = _wrong(letter, original)
        if why is not None:
            report.add("wrongDeadLetters", "deadLetters", at=letter.place, origin=origin, why=why)
    for origin, original in expectation.dead_letters.items():
        if seen[origin] == 0:
            report.add("missingDeadLetters", "deadLetters", origin=original.place)
        elif seen[origin] > 1:
            report.add(
                "repeatedDeadLetters", "deadLetters", origin=original.place, times=seen[origin]
            )


def _wrong(letter: Record, original: Record) -> str | None:
    """What is wrong with a dead letter, in words."""
    if letter.value != _cut(original.value, wire.DEAD_VALUE_BYTES_MAX):
        return "another value"
    if letter.key != _cut(original.key, wire.DEAD_KEY_BYTES_MAX):
        return "another key"
    was_cut = letter.key != original.key or letter.value != original.value
    if was_cut and letter.header("dl-truncated") is None:
        return "cut, and does not say so"
    if letter.headers[: len(original.headers)] != original.headers:
        # Very many headers may be cut too.
        if letter.header("dl-truncated") is None:
            return "other headers"
    if letter.header("dl-timestamp") != str(original.timestamp_ms):
        return "another time"
    if not letter.header("dl-code") or not letter.header("dl-reason"):
        return "no reason"
    return None


def _cut(data: bytes | None, bytes_max: int) -> bytes | None:
    return None if data is None else data[:bytes_max]


def _origin(letter: Record) -> tuple[int, int] | None:
    partition, offset = letter.header("dl-partition") or "", letter.header("dl-offset") or ""
    return (int(partition), int(offset)) if partition.isdigit() and offset.isdigit() else None
