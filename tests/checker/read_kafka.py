"""Reads whole topics with librdkafka: committed records only, from the first to the last."""

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from wire import Record, TopicLog

READ_COUNT = 10_000
# Without a single record or end of a partition for this long, something is stuck.
SILENCE_SECONDS = 30
REQUEST_SECONDS = 10


class CannotRead(Exception):
    """What was asked for cannot be read; the message says why."""


def read_topic(brokers: str, topic: str) -> TopicLog:
    """All committed records of a topic, up to the end of each partition when it was reached."""
    committed = _consumer(brokers, "read_committed")
    everything = _consumer(brokers, "read_uncommitted")
    try:
        partitions = _partitions(committed, brokers, topic)
        ends = [
            everything.get_watermark_offsets(each, timeout=REQUEST_SECONDS) for each in partitions
        ]
        records, stable_ends = _read(committed, partitions)
        log = TopicLog(topic, len(partitions), records)
        for partition, (first, end) in enumerate(ends):
            if first > 0:
                log.incomplete.append(
                    f"partition {partition} starts at {first}: older records are gone"
                )
            if stable_ends[partition] < end:
                log.incomplete.append(
                    f"partition {partition} ends at {end}, committed up to {stable_ends[partition]}"
                )
        return log
    except KafkaException as error:
        raise CannotRead(f"{topic} cannot be read from {brokers}: {error}") from error
    finally:
        committed.close()
        everything.close()


def _consumer(brokers: str, isolation_level: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": brokers,
            # Needed by the constructor; partitions are assigned by hand, and nothing is committed.
            "group.id": "conformance-checker",
            "isolation.level": isolation_level,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "check.crcs": True,
        }
    )


def _partitions(consumer: Consumer, brokers: str, topic: str) -> list[TopicPartition]:
    metadata = consumer.list_topics(topic, timeout=REQUEST_SECONDS).topics[topic]
    if metadata.error is not None:
        raise CannotRead(f"{brokers} has no topic {topic}: {metadata.error}")
    return [TopicPartition(topic, partition, 0) for partition in sorted(metadata.partitions)]


def _read(
    consumer: Consumer, partitions: list[TopicPartition]
) -> tuple[list[Record], dict[int, int]]:
    """The records, partition after partition, and where each partition's committed part ends."""
    for each in partitions:
        each.offset = consumer.get_watermark_offsets(each, timeout=REQUEST_SECONDS)[0]
    consumer.assign(partitions)
    by_partition: dict[int, list[Record]] = {each.partition: [] for each in partitions}
    ends: dict[int, int] = {}
    last_heard = time.monotonic()
    while len(ends) < len(partitions):
        messages = consumer.consume(READ_COUNT, timeout=0.2)
        if messages:
            last_heard = time.monotonic()
        elif time.monotonic() - last_heard > SILENCE_SECONDS:
            raise CannotRead(f"{partitions[0].topic}: no answer for {SILENCE_SECONDS} s")
        for message in messages:
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                ends[message.partition()] = message.offset()
            elif error is not None:
                raise CannotRead(f"{partitions[0].topic}: {error}")
            elif message.partition() not in ends:
                by_partition[message.partition()].append(_record(message))
    return [
        record for partition in sorted(by_partition) for record in by_partition[partition]
    ], ends


def _record(message) -> Record:
    return Record(
        partition=message.partition(),
        offset=message.offset(),
        key=message.key(),
        value=message.value(),
        timestamp_ms=message.timestamp()[1],
        headers=message.headers() or [],
    )
