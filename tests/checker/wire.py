"""What the checker knows of the program, from the documentation alone: records and limits."""

from dataclasses import dataclass, field
from typing import NamedTuple

# Limits of a message: UTF-8 bytes, except RECIPIENTS_MAX.
KEY_BYTES_MAX = 256
SENDER_BYTES_MAX = 256
RECIPIENTS_MAX = 1_000
BODY_BYTES_MAX = 64 * 1024
MESSAGE_ID_BYTES_MAX = 256
OUTPUT_BYTES_MAX = 900_000

# A repeated messageId is known for so many messages, fewer when their ids pass the bytes.
DUPLICATE_MESSAGES = 1_000
DUPLICATE_ID_BYTES_MAX = 64 * 1024

# A dead letter keeps this much of the original.
DEAD_KEY_BYTES_MAX = 16 * 1024
DEAD_VALUE_BYTES_MAX = 800_000

# Events of one journal bucket.
EVENTS_PER_BUCKET = 1_000

# The engine's own events (a record was parked, or unparked) start so; no entity's event does.
ENGINE_EVENT_START = b'{"$'


@dataclass(slots=True)
class Record:
    """A record of a topic. Headers as they came: (name, bytes) in order."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int = 0
    headers: list[tuple[str, bytes]] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The text of the first header of that name."""
        for candidate, value in self.headers:
            if candidate == name:
                return (value or b"").decode("utf-8", "replace")
        return None

    @property
    def place(self) -> str:
        return f"{self.partition}/{self.offset}"


@dataclass(slots=True)
class TopicLog:
    """All committed records of a topic, partition after partition, each in offset order."""

    name: str
    partition_count: int
    records: list[Record]
    # What keeps the log from being the whole truth, such as records that were deleted already.
    incomplete: list[str] = field(default_factory=list)


class Source(NamedTuple):
    """The input that an event was made from."""

    topic_id: str
    partition: int
    offset: int


@dataclass(slots=True)
class JournalRow:
    """An event of the journal."""

    entity_id: str
    seq: int
    event: bytes
    source: Source
    # of the input
    timestamp_ms: int
    # None: this journal has no buckets.
    bucket: int | None = None


@dataclass(slots=True)
class World:
    """Everything that is compared."""

    inputs: TopicLog
    outputs: TopicLog
    events: TopicLog
    dead_letters: TopicLog
    # None: the journal is not looked at.
    journal: list[JournalRow] | None = None
