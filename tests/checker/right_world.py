"""A small world in which the program made no mistake: for tests to break."""

import json

import message
from message import Content, read_message
from murmur2 import home_partition
from wire import JournalRow, Record, Source, TopicLog, World

PARTITIONS = 4


def right_world(forwards=1, skip_input=None):
    """Four conversations of five messages, a stray, two invalid records, a duplicate: and their results."""
    inputs: list[Record] = []

    def add(partition, key, value, headers=()):
        offset = sum(record.partition == partition for record in inputs)
        inputs.append(Record(partition, offset, key, value, 1000 + len(inputs), list(headers)))

    def add_at_home(key, value, headers=()):
        add(home_partition(key, PARTITIONS), key.encode(), value, headers)

    for n in range(5):
        for key in ("c1", "c2", "c3", "é"):
            message_id = f"id-{n}" if n < 2 else None
            content = Content("ann" if n % 2 else "bob", ("eve",), f"{key} says {n}", message_id)
            add_at_home(key, in_bytes(key, content))
    add_at_home("c1", in_bytes("c1", Content("bob", (), "again", "id-0")))
    add(2, b"junk", b"not json", [("trace", b"7")])
    add(1, None, None)
    stray_value = in_bytes("stray", Content("ann", (), "lost", None))
    add(
        (home_partition("stray", PARTITIONS) + 1) % PARTITIONS, None, stray_value, [("trace", b"8")]
    )
    stray = inputs[-1]
    for _ in range(forwards):
        origin = f"in/id/{stray.partition}/{stray.offset}".encode()
        time = str(stray.timestamp_ms).encode()
        add_at_home("stray", stray.value, [*stray.headers, ("fw-from", origin), ("fw-time", time)])
    inputs.sort(key=lambda record: (record.partition, record.offset))
    return process(inputs, skip_input)


def process(inputs: list[Record], skip_input: bytes | None) -> World:
    """A program that does everything right (but for one input, if it is told to skip it)."""
    outputs, events, dead, journal = [], [], [], []
    counts: dict[str, int] = {}
    numbers = [0] * PARTITIONS
    for record in inputs:
        sent = read_message(record.value)
        if sent is None:
            dead.append(dead_letter(record, len(dead)))
            continue
        key, content = sent
        is_home = home_partition(key, PARTITIONS) == record.partition
        if not is_home or content.body == "again" or record.value == skip_input:
            continue
        seq = counts.get(key, 0)
        counts[key] = seq + 1
        numbers[record.partition] += 1
        time = record.header("fw-time") or str(record.timestamp_ms)
        value = message.output_bytes(sent, seq)
        outputs.append(
            Record(
                record.partition, len(outputs), key.encode(), value, 0, [("time", time.encode())]
            )
        )
        event = message.event_bytes(content, seq)
        headers = {
            "seq": str(seq),
            "number": str(numbers[record.partition]),
            "time": time,
            "source": f"id/{record.partition}/{record.offset}",
        }
        headers = [(name, text.encode()) for name, text in headers.items()]
        events.append(Record(record.partition, len(events), key.encode(), event, 0, headers))
        source = Source("id", record.partition, record.offset)
        journal.append(JournalRow(key, seq, event, source, int(time), bucket=0))
    return World(
        TopicLog("in", PARTITIONS, inputs),
        TopicLog("out", PARTITIONS, outputs),
        TopicLog("events", PARTITIONS, events),
        TopicLog("dead", PARTITIONS, dead),
        journal,
    )


def dead_letter(record: Record, offset: int) -> Record:
    headers = {
        "dl-topic": "in",
        "dl-topic-id": "id",
        "dl-partition": str(record.partition),
        "dl-offset": str(record.offset),
        "dl-timestamp": str(record.timestamp_ms),
        "dl-code": "not-json",
        "dl-reason": "The value is not JSON.",
    }
    own = [(name, text.encode()) for name, text in headers.items()]
    return Record(0, offset, record.key, record.value, 0, [*record.headers, *own])


def in_bytes(key: str, content: Content) -> bytes:
    fields = {"conversationKey": key, "sender": content.sender, "recipients": content.recipients}
    fields |= {"body": content.body, "messageId": content.message_id}
    return json.dumps(fields).encode()
