"""Runs librdkafka's clients (confluent-kafka) through groups and transactions, and prints what they saw as JSON.

Usage: confluent_clients.py BOOTSTRAP PREFIX. The prefix names topics, groups and transactional ids of this run.
"""

import json
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka import ConsumerGroupTopicPartitions as GroupPartitions
from confluent_kafka.admin import AdminClient, NewTopic

PARTITIONS = 4
RECORDS = 80
TIMEOUT_S = 30

bootstrap, prefix = sys.argv[1:3]
admin = AdminClient({"bootstrap.servers": bootstrap})


def main():
    seen = {
        "transactions": transactions(),
        "offsets": transactional_offsets(),
        "fencing": fencing(),
        "sharing": sharing(),
        "administration": administration(),
    }
    print(json.dumps(seen))


def transactions():
    """Committed and aborted transactions of two producers, interleaved, read in one fetch and in small ones."""
    topic = create("transactions", 1)
    one, two = transactional("one"), transactional("two")
    for number in range(12):
        first, second = (one, two) if number % 2 else (two, one)
        begin(first, topic, f"first-{number}")
        begin(second, topic, f"second-{number}")
        end(second, number % 3 != 0)
        end(first, number % 4 != 0)
    seen = {}
    for isolation in ("read_committed", "read_uncommitted"):
        for fetch_bytes in (1_000_000, 200):
            values = read_all(topic, isolation, fetch_bytes)
            seen[f"{isolation} {fetch_bytes}"] = [value for value in values]
    return seen


def transactional_offsets():
    topic = create("offsets", 1)
    group = f"{prefix}-offsets"
    reader = consumer(group)
    reader.subscribe([topic])
    produce(topic, ["a", "b", "c"])
    records = poll(reader, 3)
    producer = transactional("offsets")
    committed = []
    for record, commits in zip(records, (True, False, True)):
        producer.begin_transaction()
        producer.produce(topic + "-copy", record.value())
        offset = TopicPartition(topic, 0, record.offset() + 1)
        producer.send_offsets_to_transaction([offset], reader.consumer_group_metadata(), TIMEOUT_S)
        end(producer, commits)
        committed.append(reader.committed([TopicPartition(topic, 0)], TIMEOUT_S)[0].offset)
    # A member that has left is not in the group any more.
    metadata = reader.consumer_group_metadata()
    reader.close()
    producer.begin_transaction()
    try:
        producer.send_offsets_to_transaction([TopicPartition(topic, 0, 1)], metadata, TIMEOUT_S)
        refused = None
    except KafkaException as error:
        refused = error.args[0].name()
    producer.abort_transaction(TIMEOUT_S)
    return {"committed": committed, "refused": refused}


def fencing():
    topic = create("fencing", 1)
    old = transactional("fencing")
    begin(old, topic, "abandoned")
    new = transactional("fencing")
    begin(new, topic, "successor")
    end(new, True)
    try:
        old.commit_transaction(TIMEOUT_S)
        refused = None
    except KafkaException as error:
        refused = error.args[0].name()
    return {"refused": refused, "seen": read_all(topic, "read_committed")}


def sharing():
    """Two members, then one; then a static member that comes back."""
    topic = create("sharing", PARTITIONS)
    produce(topic, [str(number) for number in range(RECORDS)])
    seen = {}
    for strategy in ("range", "cooperative-sticky"):
        group = f"{prefix}-{strategy}"
        members = [consumer(group, {"partition.assignment.strategy": strategy}) for _ in range(2)]
        for member in members:
            member.subscribe([topic])
        shares = settle(members, lambda counts: counts == [2, 2])
        values = set()
        while len(values) < RECORDS:
            values |= {record.value() for member in members for record in poll(member, 1, 0.2)}
        for member in members:
            member.commit(asynchronous=False)
        members[1].close()
        left = settle(members[:1], lambda counts: counts == [PARTITIONS])
        committed = members[0].committed([TopicPartition(topic, n) for n in range(PARTITIONS)], TIMEOUT_S)
        members[0].close()
        seen[strategy] = {"shares": shares, "left": left, "committed": sum(each.offset for each in committed)}
    static = {"group.instance.id": "static", "session.timeout.ms": 10_000}
    first = consumer(f"{prefix}-static", static)
    first.subscribe([topic])
    seen["static"] = settle([first], lambda counts: counts == [PARTITIONS])
    first.close()
    second = consumer(f"{prefix}-static", static)
    second.subscribe([topic])
    seen["static again"] = settle([second], lambda counts: counts == [PARTITIONS])
    second.close()
    return seen


def administration():
    topic = create("administration", 2)
    group = f"{prefix}-administration"
    offsets = [TopicPartition(topic, 0, 7), TopicPartition(topic, 1, 9)]
    admin.alter_consumer_group_offsets([GroupPartitions(group, offsets)])[group].result()
    listed = admin.list_consumer_group_offsets([GroupPartitions(group)])[group].result()
    state = admin.describe_consumer_groups([group])[group].result().state.name
    member = consumer(group)
    member.subscribe([topic])
    settle([member], lambda counts: counts == [2])
    described = admin.describe_consumer_groups([group])[group].result()
    errors = [failure(admin.delete_consumer_groups([group])[group])]
    errors.append(failure(admin.alter_consumer_group_offsets([GroupPartitions(group, offsets)])[group]))
    member.close()
    errors.append(failure(admin.delete_consumer_groups([group])[group]))
    errors.append(failure(admin.delete_consumer_groups([group])[group]))
    return {
        "listed": sorted((each.partition, each.offset) for each in listed.topic_partitions),
        "states": [state, described.state.name],
        "assignor": described.partition_assignor,
        "assigned": [len(each.assignment.topic_partitions) for each in described.members],
        "errors": errors,
    }


def create(name, partitions):
    topics = [NewTopic(f"{prefix}-{name}", partitions, 1), NewTopic(f"{prefix}-{name}-copy", 1, 1)]
    for created in admin.create_topics(topics).values():
        created.result(TIMEOUT_S)
    return topics[0].topic


def transactional(name):
    settings = {"transactional.id": f"{prefix}-{name}", "log_level": 0, "linger.ms": 0}
    producer = Producer({"bootstrap.servers": bootstrap, **settings})
    producer.init_transactions(TIMEOUT_S)
    return producer


def begin(producer, topic, value):
    producer.begin_transaction()
    producer.produce(topic, value, partition=0)
    producer.flush(TIMEOUT_S)


def end(producer, commits):
    if commits:
        producer.commit_transaction(TIMEOUT_S)
    else:
        producer.abort_transaction(TIMEOUT_S)


def produce(topic, values):
    producer = Producer({"bootstrap.servers": bootstrap})
    for number, value in enumerate(values):
        producer.produce(topic, value, partition=number % len(admin.list_topics(topic).topics[topic].partitions))
    producer.flush(TIMEOUT_S)


def consumer(group, settings=None):
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 10_000,
            "log_level": 0,
            **(settings or {}),
        }
    )


def read_all(topic, isolation, fetch_bytes=1_000_000):
    """Everything up to the end that a reader of this isolation gets."""
    limits = {"isolation.level": isolation, "fetch.message.max.bytes": fetch_bytes, "enable.partition.eof": True}
    reader = consumer(f"{prefix}-reader", limits)
    reader.assign([TopicPartition(topic, 0, 0)])
    values = []
    deadline = time.time() + TIMEOUT_S
    while time.time() < deadline:
        record = reader.poll(1)
        if record is not None and record.error():
            break
        if record is not None:
            values.append(record.value().decode())
    reader.close()
    return values


def poll(reader, count, timeout_s=TIMEOUT_S):
    records = []
    deadline = time.time() + timeout_s
    while len(records) < count and time.time() < deadline:
        record = reader.poll(0.1)
        if record is not None and not record.error():
            records.append(record)
    return records


def settle(members, is_settled):
    """How many partitions each has, sorted, when that is as it should be."""
    deadline = time.time() + TIMEOUT_S
    counts = []
    while time.time() < deadline:
        for member in members:
            record = member.poll(0.05)
            if record is not None and not record.error():
                # It was taken only to serve the group: it comes again.
                member.seek(TopicPartition(record.topic(), record.partition(), record.offset()))
        counts = sorted(len(member.assignment()) for member in members)
        if is_settled(counts):
            break
    return counts


def failure(future):
    try:
        future.result(TIMEOUT_S)
        return None
    except KafkaException as error:
        return error.args[0].name()


main()
