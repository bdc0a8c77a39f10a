"""Compares input, output, events, dead letters and journal. Pure: it reads nothing itself."""

from dataclasses import dataclass

import wire
from dead_letters import compare_dead_letters
from expectation import Expectation, Expected, compare_forwards, expect
from message import event_bytes, output_bytes, read_numbered
from murmur2 import home_partition
from report import Report
from sequence import Found, compare_contents, compare_numbers
from wire import JournalRow, Record, Source, TopicLog, World


def compare(world: World) -> Report:
    """All that there is to say about the world."""
    report = Report()
    for log in (world.inputs, world.outputs, world.events, world.dead_letters):
        for sentence in log.incomplete:
            report.add("incompleteLogs", log.name, why=sentence)
    expectation = expect(world.inputs)
    compare_forwards(expectation, world.inputs.name, report)
    compare_dead_letters(expectation, world.inputs.name, world.dead_letters, report)
    compare_outputs(expectation, world.outputs, report)
    events = compare_events(expectation, world.events, report)
    if world.journal is not None:
        compare_journal(expectation, world.journal, events, report)
    report.counts = {
        "inputs": len(world.inputs.records),
        "conversations": len(expectation.conversations),
        "messages": sum(map(len, expectation.conversations.values())),
        "duplicates": expectation.duplicate_count,
        "strays": len(expectation.strays),
        "invalid": len(expectation.dead_letters),
        "outputs": len(world.outputs.records),
        "events": len(world.events.records),
        "deadLetters": len(world.dead_letters.records),
        "journalRows": None if world.journal is None else len(world.journal),
    }
    return report


def compare_outputs(expectation: Expectation, outputs: TopicLog, report: Report) -> None:
    """Every conversation's numbers and messages, in the order of the output partition."""
    found: dict[str, list[Found]] = {}
    for record in outputs.records:
        numbered = read_numbered(record.value)
        conversation = numbered[0].get("conversationKey") if numbered else None
        if numbered is None or not isinstance(conversation, str):
            report.add("unreadable", "outputs", at=record.place)
            continue
        _, seq, content = numbered
        _check_place("outputs", conversation, record, outputs.partition_count, report)
        found.setdefault(conversation, []).append(Found(seq, content, record.value, record.place))
        expected = _expected(expectation, conversation, seq)
        if expected is None or expected.message.content != content:
            continue
        if record.value != output_bytes(expected.message, seq):
            report.add("wrongBytes", "outputs", conversation=conversation, seq=seq, at=record.place)
        if record.header("time") != str(expected.timestamp_ms):
            report.add("wrongTimes", "outputs", conversation=conversation, seq=seq, at=record.place)
    _compare_all("outputs", expectation, found, report)


@dataclass(slots=True)
class EventAt:
    """An event where it was found: in the event topic or in the journal."""

    entity_id: str
    # Among all events of the entity.
    seq: int
    value: bytes
    source: Source | None
    timestamp_ms: int | None
    place: str


def compare_events(
    expectation: Expectation, events: TopicLog, report: Report
) -> dict[tuple[str, int], EventAt]:
    """The event topic. Returns its events by entity and seq."""
    read: list[EventAt] = []
    last_number: dict[int, int] = {}
    for record in events.records:
        seq, number, time = (_number(record.header(name)) for name in ("seq", "number", "time"))
        if record.key is None or record.value is None or seq is None:
            report.add("unreadable", "events", at=record.place)
            continue
        entity_id = record.key.decode("utf-8", "replace")
        _check_place("events", entity_id, record, events.partition_count, report)
        if number != last_number.get(record.partition, 0) + 1:
            report.add("wrongNumbers", "events", at=record.place, number=number)
        last_number[record.partition] = number or 0
        source = _source(record.header("source"))
        read.append(EventAt(entity_id, seq, record.value, source, time, record.place))
    _compare_entity_events("events", expectation, read, report)
    return {(event.entity_id, event.seq): event for event in read}


def compare_journal(
    expectation: Expectation,
    rows: list[JournalRow],
    events: dict[tuple[str, int], EventAt],
    report: Report,
) -> None:
    """The journal's rows, against the expected messages and, exactly, the event topic."""
    read: list[EventAt] = []
    for row in sorted(rows, key=lambda row: (row.entity_id, row.seq)):
        place = f"{row.entity_id} seq {row.seq}"
        if row.bucket is not None and row.bucket != row.seq // wire.EVENTS_PER_BUCKET:
            report.add("wrongBuckets", "journal", at=place, bucket=row.bucket)
        event = EventAt(row.entity_id, row.seq, row.event, row.source, row.timestamp_ms, place)
        written = events.get((row.entity_id, row.seq))
        if written is not None:
            _check_row(event, written, report)
        read.append(event)
    _compare_entity_events("journal", expectation, read, report)
    for entity_id, seq in sorted(events.keys() - {(row.entity_id, row.seq) for row in rows}):
        # A message's row is missed already where messages are compared.
        if events[entity_id, seq].value.startswith(wire.ENGINE_EVENT_START):
            report.add("missing", "journal", conversation=entity_id, seq=seq)


def _check_row(row: EventAt, written: EventAt, report: Report) -> None:
    """A row is made of the event record's value and headers: whatever they are, they are the same."""
    if row.value != written.value:
        report.add("wrongBytes", "journal", at=row.place)
    if row.source != written.source:
        report.add("wrongSources", "journal", at=row.place, source=row.source)
    if row.timestamp_ms != written.timestamp_ms:
        report.add("wrongTimes", "journal", at=row.place, time=row.timestamp_ms)


def _compare_entity_events(
    where: str, expectation: Expectation, events: list[EventAt], report: Report
) -> None:
    """The events of each entity have all seqs, and the messages among them are the expected ones."""
    seqs: dict[str, list[int]] = {}
    found: dict[str, list[Found]] = {}
    for event in events:
        seqs.setdefault(event.entity_id, []).append(event.seq)
        if event.value.startswith(wire.ENGINE_EVENT_START):
            continue
        numbered = read_numbered(event.value)
        if numbered is None or numbered[0].get("type") != "message":
            report.add("unreadable", where, at=event.place)
            continue
        _, seq, content = numbered
        found.setdefault(event.entity_id, []).append(Found(seq, content, event.value, event.place))
        expected = _expected(expectation, event.entity_id, seq)
        if expected is not None and expected.message.content == content:
            _check_event(where, event, seq, expected, report)
    for entity_id, numbers in seqs.items():
        messages = [each.seq for each in found.get(entity_id, [])]
        # Where nothing was parked, both numbers are the same, and one report is enough.
        if numbers != messages:
            compare_numbers(where, entity_id, numbers, report)
    _compare_all(where, expectation, found, report)


def _check_event(where: str, event: EventAt, seq: int, expected: Expected, report: Report) -> None:
    at = {"conversation": event.entity_id, "seq": seq, "at": event.place}
    if event.value != event_bytes(expected.message.content, seq):
        report.add("wrongBytes", where, **at)
    # The input log does not tell its topic's id.
    if event.source is None or event.source[1:] != expected.source:
        report.add("wrongSources", where, source=event.source, expected=expected.source, **at)
    if event.timestamp_ms != expected.timestamp_ms:
        report.add("wrongTimes", where, time=event.timestamp_ms, **at)


def _compare_all(
    where: str, expectation: Expectation, found: dict[str, list[Found]], report: Report
) -> None:
    for conversation in sorted(expectation.conversations.keys() | found.keys()):
        messages = found.get(conversation, [])
        wanted = [each.message.content for each in expectation.conversations.get(conversation, [])]
        compare_numbers(where, conversation, [each.seq for each in messages], report)
        compare_contents(where, conversation, wanted, messages, report)


def _check_place(
    where: str, conversation: str, record: Record, partition_count: int, report: Report
) -> None:
    if record.key != conversation.encode("utf-8", "replace"):
        report.add("wrongKeys", where, conversation=conversation, at=record.place)
    if home_partition(conversation, partition_count) != record.partition:
        report.add("wrongPartitions", where, conversation=conversation, at=record.place)


def _expected(expectation: Expectation, conversation: str, seq: int) -> Expected | None:
    messages = expectation.conversations.get(conversation, [])
    return messages[seq] if 0 <= seq < len(messages) else None


def _source(text: str | None) -> Source | None:
    """`topicId/partition/offset`"""
    parts = (text or "").split("/")
    if len(parts) != 3 or not (parts[1].isdigit() and parts[2].isdigit()):
        return None
    return Source(parts[0], int(parts[1]), int(parts[2]))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
