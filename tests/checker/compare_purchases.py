"""Compares what users bought, by the input log alone, with events, journal, dead letters and answers. Pure."""

from collections import Counter
from dataclasses import dataclass, field

from dead_letters import compare_dead_letters
from expectation import Expectation
from murmur2 import home_partition
from purchase import Purchase, event_bytes, read_purchase
from report import Report
from wire import JournalRow, TopicLog


@dataclass(frozen=True)
class Answered:
    """What one node says of a user."""

    node: str
    user_id: str
    purchases: int
    pence: int


@dataclass
class PurchasesWorld:
    """Everything that is compared."""

    inputs: TopicLog
    events: TopicLog
    dead_letters: TopicLog
    answers: list[Answered] = field(default_factory=list)
    # None: the journal is not looked at.
    journal: list[JournalRow] | None = None


@dataclass
class Bought:
    """What the input log leads to. A purchase counts where its user is at home."""

    users: dict[str, list[Purchase]] = field(default_factory=dict)
    # (partition, offset) of what is not at home → how many copies of it are
    strays: Counter[tuple[int, int]] = field(default_factory=Counter)
    # In the form that compare_dead_letters takes.
    refused: Expectation = field(default_factory=Expectation)


def compare_purchases(world: PurchasesWorld) -> Report:
    """All that there is to say about the world."""
    report = Report()
    for log in (world.inputs, world.events, world.dead_letters):
        for sentence in log.incomplete:
            report.add("incompleteLogs", log.name, why=sentence)
    bought = read_inputs(world.inputs, report)
    compare_dead_letters(bought.refused, world.inputs.name, world.dead_letters, report)
    _compare_events(bought, world.events, report)
    if world.journal is not None:
        _compare_journal(bought, world.journal, report)
    for answered in world.answers:
        _compare_answer(bought, answered, report)
    report.counts = {
        "inputs": len(world.inputs.records),
        "users": len(bought.users),
        "purchases": sum(map(len, bought.users.values())),
        "pence": sum(total_pence(purchases) for purchases in bought.users.values()),
        "strays": len(bought.strays),
        "events": len(world.events.records),
        "deadLetters": len(world.dead_letters.records),
        "answers": len(world.answers),
        "journalRows": None if world.journal is None else len(world.journal),
    }
    return report


def read_inputs(inputs: TopicLog, report: Report) -> Bought:
    """Reads the input log as the documentation says that the program reads it."""
    bought = Bought()
    copies: Counter[tuple[int, int]] = Counter()
    for record in inputs.records:
        at = (record.partition, record.offset)
        origin = record.header("fw-from")
        read = read_purchase(record.value)
        if origin is not None:
            _, _, partition, offset = origin.rsplit("/", 3)
            copies[int(partition), int(offset)] += 1
        if read is None:
            bought.refused.dead_letters[at] = record
        elif home_partition(read[0], inputs.partition_count) == record.partition:
            bought.users.setdefault(read[0], []).append(read[1])
        elif origin is None:
            bought.strays[at] = 1
        else:
            bought.refused.dead_letters[at] = record
    for at in bought.strays.keys() | copies.keys():
        if copies[at] < bought.strays[at]:
            report.add("missingForwards", "inputs", at=f"{at[0]}/{at[1]}")
        elif copies[at] > bought.strays[at]:
            report.add("repeatedForwards", "inputs", at=f"{at[0]}/{at[1]}", copies=copies[at])
    return bought


def total_pence(purchases: list[Purchase]) -> int:
    """What they cost together."""
    return sum(quantity * price for _, quantity, price in purchases)


def _compare_events(bought: Bought, events: TopicLog, report: Report) -> None:
    found: dict[str, list[tuple[int, bytes]]] = {}
    for record in events.records:
        seq = record.header("seq")
        if record.key is None or record.value is None or seq is None or not seq.isdigit():
            report.add("unreadable", "events", at=record.place)
            continue
        user_id = record.key.decode("utf-8", "replace")
        if home_partition(user_id, events.partition_count) != record.partition:
            report.add("wrongPartitions", "events", user=user_id, at=record.place)
        found.setdefault(user_id, []).append((int(seq), record.value))
    _compare_users("events", bought, found, report)


def _compare_journal(bought: Bought, rows: list[JournalRow], report: Report) -> None:
    found: dict[str, list[tuple[int, bytes]]] = {}
    for row in sorted(rows, key=lambda row: (row.entity_id, row.seq)):
        found.setdefault(row.entity_id, []).append((row.seq, row.event))
    _compare_users("journal", bought, found, report)


def _compare_users(
    where: str, bought: Bought, found: dict[str, list[tuple[int, bytes]]], report: Report
) -> None:
    """Each purchase of a user is one event, numbered 0, 1, 2, … in the order of the home log."""
    for user_id in sorted(bought.users.keys() | found.keys()):
        events = found.get(user_id, [])
        wanted = [event_bytes(purchase) for purchase in bought.users.get(user_id, [])]
        if [seq for seq, _ in events] != list(range(len(events))):
            report.add("reorders", where, user=user_id, numbers=[seq for seq, _ in events][:20])
        values = [value for _, value in events]
        if len(values) < len(wanted):
            report.add("missing", where, user=user_id, found=len(values), expected=len(wanted))
        elif len(values) > len(wanted):
            report.add("extra", where, user=user_id, found=len(values), expected=len(wanted))
        elif values != wanted:
            report.add("wrongValues", where, user=user_id)


def _compare_answer(bought: Bought, answered: Answered, report: Report) -> None:
    purchases = bought.users.get(answered.user_id, [])
    expected = (len(purchases), total_pence(purchases))
    if (answered.purchases, answered.pence) != expected:
        told = (answered.purchases, answered.pence)
        report.add(
            "wrongValues",
            "answers",
            node=answered.node,
            user=answered.user_id,
            told=told,
            expected=expected,
        )
