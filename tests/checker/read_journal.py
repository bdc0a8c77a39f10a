"""Reads a journal: a Cassandra keyspace, or a dump of JSON lines that the program wrote.

The table `journal` has runs: entity_type, entity_id, bucket, the seq of the last event, the events, and
of the inputs that the events were made from their times, their source (topic id, partition) and their
offsets. Runs may overlap; what they say of one event must be the same. A line of a dump has
entityType, entityId, seq, timestampMs, source ({"topicId", "partition", "offset"}), bucket if the
journal has any, and last the event. A row that lacks one of them cannot be read.
"""

import json
from collections.abc import Iterable

from read_kafka import CannotRead
from wire import JournalRow, Source

PAGE_ROWS = 5_000
REQUEST_SECONDS = 60

QUERY = "SELECT entity_type, entity_id, bucket, seq, events, times, source, offsets FROM journal"


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
        runs = (run for run in session.execute(statement) if run["entity_type"] == entity_type)
        return _merge(row for run in runs for row in _rows_of(run))
    except (NoHostAvailable, DriverException) as error:
        raise CannotRead(f"Cassandra at {hosts}, port {port}: {error}") from error
    finally:
        cluster.shutdown()


def _rows_of(run: dict) -> list[JournalRow]:
    where = f"The row {run['entity_id']} seq {run['seq']}"
    for name in ("events", "times", "source", "offsets"):
        if run[name] is None:
            raise CannotRead(f"{where} has no {name}")
    count = len(run["events"])
    if count == 0 or len(run["times"]) != count or len(run["offsets"]) != count:
        raise CannotRead(f"{where} has not as many times and offsets as events")
    return [
        JournalRow(
            entity_id=run["entity_id"],
            seq=run["seq"] - count + 1 + index,
            event=run["events"][index].encode(),
            source=Source(*run["source"], run["offsets"][index]),
            timestamp_ms=run["times"][index],
            bucket=run["bucket"],
        )
        for index in range(count)
    ]


def _merge(rows: Iterable[JournalRow]) -> list[JournalRow]:
    """Each event once. An event that lies in two runs must be the same in both."""
    merged: dict[tuple[str, int], JournalRow] = {}
    for row in rows:
        known = merged.setdefault((row.entity_id, row.seq), row)
        if known != row:
            raise CannotRead(f"Two runs differ in the event {row.entity_id} seq {row.seq}")
    return list(merged.values())
