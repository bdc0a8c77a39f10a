"""Puts the right world of the tests into a real Kafka, as the program would: in transactions.

Between them lies a transaction that was aborted, whose records a reader of committed records must not see.
Writes the journal as a dump. `--lose-output` and `--repeat-event` plant a fault.
"""

import argparse
import json

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from right_world import PARTITIONS, right_world
from wire import Record, World

TOPICS = ("in", "out", "events", "dead")


def main() -> None:
    options = _options()
    world = right_world()
    if options.lose_output:
        del world.outputs.records[2]
    if options.repeat_event:
        world.events.records.append(world.events.records[-1])
    _create_topics(options.brokers, options.prefix)
    _publish_inputs(options, world)
    _publish_results(options, world)
    with open(options.dump, "w", encoding="utf-8") as dump:
        for row in world.journal or []:
            start = json.dumps(_dump_start(row)).removesuffix("}")
            dump.write(f'{start},"event":{row.event.decode()}}}\n')


def _dump_start(row) -> dict:
    return {
        "entityType": "conversation",
        "entityId": row.entity_id,
        "seq": row.seq,
        "bucket": row.bucket,
        "source": {
            "topicId": row.source.topic_id,
            "partition": row.source.partition,
            "offset": row.source.offset,
        },
        "timestampMs": row.timestamp_ms,
    }


def _create_topics(brokers: str, prefix: str) -> None:
    admin = AdminClient({"bootstrap.servers": brokers})
    # The world's times are of 1970, and must not be deleted for that.
    kept = {"retention.ms": "-1"}
    topics = [NewTopic(prefix + name, PARTITIONS, 1, config=kept) for name in TOPICS]
    for created in admin.create_topics(topics).values():
        created.result()


def _publish_inputs(options: argparse.Namespace, world: World) -> None:
    producer = Producer({"bootstrap.servers": options.brokers, "enable.idempotence": True})
    for record in world.inputs.records:
        # The forwarded copy names its origin's topic, and so do dead letters.
        _produce(producer, options.prefix, "in", record)
    producer.flush()


def _publish_results(options: argparse.Namespace, world: World) -> None:
    producer = Producer(
        {"bootstrap.servers": options.brokers, "transactional.id": f"{options.prefix}-publisher"}
    )
    producer.init_transactions()
    logs = {"out": world.outputs, "events": world.events, "dead": world.dead_letters}
    for half in (0, 1):
        if half == 1:
            _abort_garbage(producer, options.prefix)
        producer.begin_transaction()
        for name, log in logs.items():
            middle = len(log.records) // 2
            for record in log.records[middle:] if half else log.records[:middle]:
                _produce(producer, options.prefix, name, record)
        producer.commit_transaction()


def _abort_garbage(producer: Producer, prefix: str) -> None:
    producer.begin_transaction()
    for name in ("out", "events", "dead"):
        for partition in range(PARTITIONS):
            _produce(producer, prefix, name, Record(partition, 0, b"ghost", b"never happened"))
    producer.flush()
    producer.abort_transaction()


def _produce(producer: Producer, prefix: str, name: str, record: Record) -> None:
    origins = {"dl-topic": (prefix + "in").encode()}
    headers = [(key, origins.get(key, value)) for key, value in record.headers]
    headers = [
        (key, prefix.encode() + value if key == "fw-from" else value) for key, value in headers
    ]
    producer.produce(
        prefix + name,
        value=record.value,
        key=record.key,
        partition=record.partition,
        timestamp=record.timestamp_ms,
        headers=headers,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--prefix", required=True, help="of the topics: PREFIXin, PREFIXout, …")
    parser.add_argument("--dump", required=True, help="where the journal's dump is written")
    parser.add_argument("--lose-output", action="store_true")
    parser.add_argument("--repeat-event", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
