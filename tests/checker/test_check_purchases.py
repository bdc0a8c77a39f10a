"""Tests of the comparison of purchases: a right world, and the same world with one thing wrong."""

import unittest
from dataclasses import replace

from compare_purchases import Answered, PurchasesWorld, compare_purchases
from murmur2 import home_partition
from purchase import Purchase, event_bytes, read_purchase
from wire import JournalRow, Record, Source, TopicLog

PARTITIONS = 4
LAMP = Purchase("lamp", 2, 1548)
SHIRT = Purchase("cat t-shirt", 1, 99)


def text(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


def whole(number: int, value: int) -> bytes:
    encoded = bytearray([number << 3])
    value &= (1 << 64) - 1
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def proto(user_id: str, bought: Purchase) -> bytes:
    named = text(1, user_id.encode()) + text(2, bought.product.encode())
    return named + whole(3, bought.quantity) + whole(4, bought.price)


def at_home(user_id: str, offset: int, bought: Purchase, **changes) -> Record:
    home = home_partition(user_id, PARTITIONS)
    return Record(home, offset, user_id.encode(), proto(user_id, bought), **changes)


def event(user_id: str, seq: int, bought: Purchase) -> Record:
    home = home_partition(user_id, PARTITIONS)
    headers = [("seq", str(seq).encode())]
    return Record(home, seq, user_id.encode(), event_bytes(bought), headers=headers)


def right_world() -> PurchasesWorld:
    """User 7 bought twice, once by a record that had to be forwarded."""
    stray = Record((home_partition("7", PARTITIONS) + 1) % PARTITIONS, 0, None, proto("7", SHIRT))
    origin = f"user-events/id/{stray.partition}/{stray.offset}"
    copy = at_home("7", 1, SHIRT, headers=[("fw-from", origin.encode())])
    events = [event("7", 0, LAMP), event("7", 1, SHIRT)]
    rows = [
        JournalRow("7", seq, each.value or b"", Source("id", 0, seq), 0)
        for seq, each in enumerate(events)
    ]
    return PurchasesWorld(
        inputs=TopicLog("user-events", PARTITIONS, [at_home("7", 0, LAMP), copy, stray]),
        events=TopicLog("user-processing_events", PARTITIONS, events),
        dead_letters=TopicLog("user-events-dead-letter", PARTITIONS, []),
        answers=[Answered("one", "7", 2, 3195), Answered("one", "nobody", 0, 0)],
        journal=rows,
    )


class ReadPurchaseTest(unittest.TestCase):
    def test_reads_a_purchase_and_judges_what_is_missing_as_empty(self):
        self.assertEqual(read_purchase(proto("7", LAMP)), ("7", LAMP))
        self.assertEqual(
            read_purchase(text(1, b"7") + whole(3, 1)), ("7", Purchase("", 1, 0))
        )

    def test_reads_nothing_from_what_is_no_purchase_or_beyond_the_limits(self):
        for value in (
            None,
            b"",
            b'{"userId":"7"}',
            proto("7", LAMP)[:-1],
            proto("", LAMP),
            proto("7", LAMP._replace(quantity=0)),
            proto("7", LAMP._replace(price=-1)),
            proto("7", LAMP._replace(price=1_000_000_001)),
        ):
            self.assertIsNone(read_purchase(value), value)


class ComparePurchasesTest(unittest.TestCase):
    def setUp(self):
        self.world = right_world()

    def differences(self) -> list[str]:
        return sorted(compare_purchases(self.world).places)

    def test_finds_nothing_in_a_right_world(self):
        report = compare_purchases(self.world)
        self.assertEqual(report.places, {})
        self.assertEqual(report.counts["pence"], 3195)

    def test_finds_an_answer_that_is_a_penny_off_or_a_purchase_short(self):
        for wrong in (Answered("one", "7", 2, 3194), Answered("one", "7", 1, 3195)):
            self.world.answers = [wrong]
            self.assertEqual(self.differences(), ["answers.wrongValues"])

    def test_finds_a_purchase_that_was_lost_repeated_or_changed(self):
        right = self.world.events.records
        self.world.events.records = right[:1]
        self.assertEqual(self.differences(), ["events.missing"])
        self.world.events.records = [*right, event("7", 2, SHIRT)]
        self.assertEqual(self.differences(), ["events.extra"])
        self.world.events.records = [right[0], event("7", 1, LAMP)]
        self.assertEqual(self.differences(), ["events.wrongValues"])
        self.world.events.records = right[::-1]
        self.assertEqual(self.differences(), ["events.reorders", "events.wrongValues"])

    def test_finds_a_row_that_the_journal_lacks_or_has_otherwise(self):
        rows = self.world.journal or []
        self.world.journal = rows[:1]
        self.assertEqual(self.differences(), ["journal.missing"])
        self.world.journal = [rows[0], replace(rows[1], event=rows[0].event)]
        self.assertEqual(self.differences(), ["journal.wrongValues"])

    def test_finds_a_stray_that_was_not_forwarded_and_one_that_was_twice(self):
        home, copy, stray = self.world.inputs.records
        self.world.inputs.records = [home, stray]
        self.assertIn("inputs.missingForwards", self.differences())
        self.world.inputs.records = [home, copy, replace(copy, offset=2), stray]
        self.assertIn("inputs.repeatedForwards", self.differences())

    def test_finds_an_invalid_record_that_is_no_dead_letter(self):
        self.world.inputs.records.append(Record(0, 9, b"7", b"{"))
        self.assertEqual(self.differences(), ["deadLetters.missingDeadLetters"])


if __name__ == "__main__":
    unittest.main()
