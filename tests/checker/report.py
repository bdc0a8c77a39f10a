"""What the comparison found: counts, and examples of each kind of difference."""

from collections import Counter

EXAMPLES_MAX = 10

# Every kind of difference. The report names all of them, those that were not found with 0.
KINDS = {
    "gaps": "a number below the conversation's highest is missing",
    "repeats": "a number is there twice",
    "reorders": "numbers do not ascend, or messages do not have the order of the home log",
    "missing": "a message, event or row that should be there is not",
    "extra": "a message, event or row is there that should not be",
    "wrongValues": "the message with this number says something else",
    "wrongBytes": "the message is right, its bytes are not: fields' order, spaces, escapes",
    "wrongKeys": "the record's key is not the conversation's",
    "wrongPartitions": "the record is not on the home partition of its key",
    "wrongTimes": "the input's time is not told, or wrong",
    "wrongSources": "an event names another input than the one it was made from",
    "wrongNumbers": "the events of a partition are not numbered 1, 2, 3, …",
    "wrongBuckets": "a journal row lies in another bucket than its seq says",
    "unreadable": "a record or row cannot be read at all",
    "missingForwards": "a record that is not at home was not forwarded",
    "repeatedForwards": "a record that is not at home was forwarded more than once",
    "wrongForwards": "a forwarded record has another key or value, or no origin",
    "missingDeadLetters": "an invalid record is not in the dead letter topic",
    "repeatedDeadLetters": "an invalid record is in the dead letter topic more than once",
    "wrongDeadLetters": "a dead letter has another key, value or headers than its record, or no reason",
    "extraDeadLetters": "a record is in the dead letter topic that is valid, or that does not exist",
    "incompleteLogs": "a log cannot be checked, because part of it is gone or not committed",
}


class Report:
    """Collects differences. `where` is outputs, events, journal, inputs or deadLetters."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.differences: Counter[str] = Counter()
        self.places: Counter[str] = Counter()
        self.examples: dict[str, list[dict]] = {}

    def add(self, kind: str, where: str, **details: object) -> None:
        assert kind in KINDS, kind
        self.differences[kind] += 1
        self.places[f"{where}.{kind}"] += 1
        examples = self.examples.setdefault(kind, [])
        if len(examples) < EXAMPLES_MAX:
            examples.append({"where": where, **details})

    @property
    def is_clean(self) -> bool:
        return not self.differences

    def as_json(self) -> dict:
        return {
            "clean": self.is_clean,
            "counts": self.counts,
            "differences": {kind: self.differences[kind] for kind in KINDS},
            "byPlace": dict(sorted(self.places.items())),
            "examples": {
                kind: {"meaning": KINDS[kind], "first": examples}
                for kind, examples in self.examples.items()
            },
        }
