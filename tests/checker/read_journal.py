"""Reads a journal: a Cassandra keyspace, or a dump of JSON lines that the program wrote.

The table `journal` has entity_type, entity_id, bucket, seq and event, and of the input that the
event was made from its time and its source: topic id, partition and offset. A line of a dump has
entityType, entityId, seq, timestampMs, source ({"topicId", "partition", "offset"}), bucket if the
journal has any, and last the event. A row that lacks one of them cannot be read.
"""

import json

from read_kafka import CannotRead
from wire import JournalRow, Source

PAGE_ROWS = 5_000
REQUEST_SECONDS = 60

# Times as Cassandra keeps them, in milliseconds: Python's own would not reach into the far future.
QUERY = (
    "SELECT entity_type, entity_id, bucket, seq, event, to_unix_timestamp(time) AS timestamp_ms, "
    "source FROM journal"
)


def read_journal(where: str, entity_type: str = "conversation") -> list[JournalRow]:
    """All rows of entities of this type. `cassandra:HOST,…:PORT/KEYSPACE`, or the path of a dump."""
    if where.startswith("cassandra:"):
        hosts, _, rest = where.removeprefix("cassandra:").partition(":")
        port, _, keyspace = rest.partition("/")
        if not port.isdigit() or not keyspace:
            raise CannotRead(f"{where} is not cassandra:HOST,…:PORT/KEYSPACE")
        return _read_cassandra(hosts.split(","), int(port), keyspace, entity_type)
    return _read_dump(where, entity_type)


def _read_dump(path: str, entity_type: str) -> list[JournalRow]:
    rows = []
    try:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                row = json.loads(line)
                if row["entityType"] == entity_type:
                    rows.append(_dump_row(row, line))
    except OSError as error:
        raise CannotRead(f"the dump cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CannotRead(f"{path}, line {number} is not a row of a journal: {error!r}") from error
    return rows


def _dump_row(row: dict, line: str) -> JournalRow:
    source = row["source"]
    # Read back and written again it might have other bytes. Within a string the quotes were escaped.
    event = line.rstrip().partition(',"event":')[2].removesuffix("}")
    return JournalRow(
        entity_id=row["entityId"],
        seq=row["seq"],
        event=event.encode(),
        source=Source(source["topicId"], source["partition"], source["offset"]),
        timestamp_ms=row["timestampMs"],
        bucket=row.get("bucket"),
    )


def _read_cassandra(
    hosts: list[str], port: int, keyspace: str, entity_type: str
) -> list[JournalRow]:
    # Imported here, so that a dump can be read where the driver is not installed.
    from cassandra import ConsistencyLevel, DriverException
    from cassandra.cluster import Cluster, ExecutionProfile, EXEC_PROFILE_DEFAULT, NoHostAvailable
    from cassandra.query import SimpleStatement, dict_factory

    profile = ExecutionProfile(
        consistency_level=ConsistencyLevel.QUORUM,
        request_timeout=REQUEST_SECONDS,
        row_factory=dict_factory,
    )
    cluster = Cluster(hosts, port=port, execution_profiles={EXEC_PROFILE_DEFAULT: profile})
    try:
        session = cluster.connect(keyspace)
        statement = SimpleStatement(QUERY, fetch_size=PAGE_ROWS)
        return [
            _cassandra_row(row)
            for row in session.execute(statement)
            if row["entity_type"] == entity_type
        ]
    except (NoHostAvailable, DriverException) as error:
        raise CannotRead(f"Cassandra at {hosts}, port {port}: {error}") from error
    finally:
        cluster.shutdown()


def _cassandra_row(row: dict) -> JournalRow:
    for name in ("event", "timestamp_ms", "source"):
        if row[name] is None:
            raise CannotRead(f"The row {row['entity_id']} seq {row['seq']} has no {name}")
    return JournalRow(
        entity_id=row["entity_id"],
        seq=row["seq"],
        event=row["event"].encode(),
        source=Source(*row["source"]),
        timestamp_ms=row["timestamp_ms"],
        bucket=row["bucket"],
    )
