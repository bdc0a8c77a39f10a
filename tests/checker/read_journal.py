"""Reads a journal: a Cassandra keyspace, or a dump of JSON lines that the program wrote.

The table `journal` has entity_type, entity_id, bucket, seq and event (text or blob), and the input
that the event was made from: source_partition, source_offset and timestamp_ms. A dump may have
`bucket`, `source` ({"partition", "offset"}) and `timestampMs` besides. What is not told there is
not compared.
"""

import json

from read_kafka import CannotRead
from wire import JournalRow

ENTITY_TYPE = "conversation"
PAGE_ROWS = 5_000
REQUEST_SECONDS = 60


def read_journal(where: str) -> list[JournalRow]:
    """All rows of conversations. `cassandra:HOST,…:PORT/KEYSPACE`, or the path of a dump."""
    if where.startswith("cassandra:"):
        hosts, _, rest = where.removeprefix("cassandra:").partition(":")
        port, _, keyspace = rest.partition("/")
        if not port.isdigit() or not keyspace:
            raise CannotRead(f"{where} is not cassandra:HOST,…:PORT/KEYSPACE")
        return _read_cassandra(hosts.split(","), int(port), keyspace)
    return _read_dump(where)


def _read_dump(path: str) -> list[JournalRow]:
    rows = []
    try:
        with open(path, encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                row = json.loads(line)
                if row["entityType"] == ENTITY_TYPE:
                    rows.append(_dump_row(row))
    except OSError as error:
        raise CannotRead(f"the dump cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CannotRead(f"{path}, line {number} is not a row of a journal: {error!r}") from error
    return rows


def _dump_row(row: dict) -> JournalRow:
    event = row["event"]
    # An event is JSON itself: given as its text, or as an object (whose exact bytes are lost).
    text = (
        event
        if isinstance(event, str)
        else json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    )
    source = row.get("source")
    return JournalRow(
        entity_id=row["entityId"],
        seq=row["seq"],
        event=text.encode("utf-8", "surrogatepass"),
        bucket=row.get("bucket"),
        source=None if source is None else (source["partition"], source["offset"]),
        timestamp_ms=row.get("timestampMs"),
    )


def _read_cassandra(hosts: list[str], port: int, keyspace: str) -> list[JournalRow]:
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
        statement = SimpleStatement("SELECT * FROM journal", fetch_size=PAGE_ROWS)
        return [
            _cassandra_row(row)
            for row in session.execute(statement)
            if row["entity_type"] == ENTITY_TYPE
        ]
    except (NoHostAvailable, DriverException) as error:
        raise CannotRead(f"Cassandra at {hosts}, port {port}: {error}") from error
    finally:
        cluster.shutdown()


def _cassandra_row(row: dict) -> JournalRow:
    event, source = row["event"], (row.get("source_partition"), row.get("source_offset"))
    return JournalRow(
        entity_id=row["entity_id"],
        seq=row["seq"],
        event=event.encode("utf-8") if isinstance(event, str) else bytes(event),
        bucket=row["bucket"],
        source=None if None in source else source,
        timestamp_ms=row.get("timestamp_ms"),
    )
