"""Tests of the comparison: a right world, and the same world with one thing wrong."""

import json
import unittest
from dataclasses import replace

import message
from compare import compare
from expectation import expect
from message import Content, Message, read_message
from murmur2 import home_partition, murmur2
from report import KINDS
from right_world import PARTITIONS, dead_letter, in_bytes, right_world
from wire import JournalRow, Record, Source, TopicLog


class Murmur2Test(unittest.TestCase):
    def test_gives_the_hashes_of_kafkas_java_client(self):
        # Known from the tests of its class Utils.
        for text, signed in {
            "21": -973932308,
            "foobar": -790332482,
            "a-little-bit-long-string": -985981536,
            "a-little-bit-longer-string": -1486304829,
            "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
            "abc": 479470107,
        }.items():
            self.assertEqual(murmur2(text.encode()), signed & 0xFFFFFFFF, text)


class ReadMessageTest(unittest.TestCase):
    VALID = {"conversationKey": "abc", "sender": "ann", "recipients": ["bob"], "body": "Hi"}

    def read(self, **changes):
        return read_message(json.dumps({**self.VALID, **changes}).encode())

    def test_reads_a_message(self):
        self.assertEqual(self.read(), Message("abc", Content("ann", ("bob",), "Hi", None)))
        self.assertEqual(self.read(messageId="m1").content.message_id, "m1")
        self.assertEqual(self.read(messageId=None).content.message_id, None)

    def test_ignores_fields_that_it_does_not_know(self):
        self.assertEqual(self.read(mood={"happy": True}), self.read())

    def test_minds_no_number_that_python_finds_too_long(self):
        value = json.dumps(self.VALID).replace("{", '{"n":' + "9" * 5000 + ",", 1)
        self.assertEqual(read_message(value.encode()), self.read())

    def test_counts_bytes_not_characters(self):
        self.assertIsNotNone(self.read(conversationKey="é" * 128))
        self.assertIsNone(self.read(conversationKey="é" * 129))

    def test_allows_the_limits_and_nothing_beyond(self):
        for name, largest, too_large in (
            ("conversationKey", "k" * 256, "k" * 257),
            ("sender", "s" * 256, "s" * 257),
            ("recipients", ["r"] * 1000, ["r"] * 1001),
            ("recipients", ["r" * 256], ["r" * 257]),
            ("body", "b" * 65536, "b" * 65537),
            ("messageId", "m" * 256, "m" * 257),
            ("body", "", 1),
            ("recipients", [], [""]),
            ("sender", "s", ""),
            ("conversationKey", "k", ""),
            ("messageId", "m", ""),
            ("recipients", ["r"], "r"),
        ):
            self.assertIsNotNone(self.read(**{name: largest}), f"{name} {str(largest)[:9]}")
            self.assertIsNone(self.read(**{name: too_large}), f"{name} {str(too_large)[:9]}")

    def test_refuses_what_is_not_a_json_object_in_utf_8(self):
        for value in (None, b"", b"Hi", b"[]", b"null", b'{"sender":"\xff"}', b"{}", b'{"n":NaN}'):
            self.assertIsNone(read_message(value), value)
        self.assertIsNone(read_message(b"\xef\xbb\xbf" + json.dumps(self.VALID).encode()))

    def test_refuses_half_a_character(self):
        self.assertIsNone(self.read(body="\ud83d"))
        self.assertEqual(self.read(body="\ud83d\ude00").content.body, "😀")


class BytesTest(unittest.TestCase):
    def test_fields_are_in_order_without_spaces_and_escaped_as_javascript_does(self):
        content = Content("ann", ("bob", "eve"), 'é "\n\x01\u2028\x7f/', "m1")
        self.assertEqual(
            message.output_bytes(Message("abc", content), 7).decode(),
            '{"conversationKey":"abc","sender":"ann","recipients":["bob","eve"],"conversationMsgSeq":7,'
            '"body":"é \\"\\n\\u0001\u2028\x7f/","messageId":"m1"}',
        )
        self.assertEqual(
            message.event_bytes(content._replace(message_id=None), 7).decode(),
            '{"type":"message","sender":"ann","recipients":["bob","eve"],"conversationMsgSeq":7,'
            '"body":"é \\"\\n\\u0001\u2028\x7f/"}',
        )


class DuplicateTest(unittest.TestCase):
    def expected_count(self, *contents):
        home = home_partition("abc", PARTITIONS)
        records = [
            Record(home, offset, None, in_bytes("abc", content))
            for offset, content in enumerate(contents)
        ]
        return len(expect(TopicLog("in", PARTITIONS, records)).conversations["abc"])

    def test_a_repeated_id_of_the_same_sender_is_no_message(self):
        first, again = Content("ann", (), "one", "m"), Content("ann", (), "two", "m")
        self.assertEqual(self.expected_count(first, again), 1)
        self.assertEqual(self.expected_count(first, Content("bob", (), "two", "m")), 2)

    def test_an_id_is_known_for_1000_messages(self):
        first, other = Content("ann", (), "one", "m"), Content("ann", (), "other", None)
        self.assertEqual(self.expected_count(first, *[other] * 999, first), 1000)
        self.assertEqual(self.expected_count(first, *[other] * 1000, first), 1002)

    def test_ids_of_64_kib_are_known(self):
        ids = [Content("ann", (), "x", f"{n:0256}") for n in range(257)]
        self.assertEqual(self.expected_count(*ids[:256], ids[0]), 256)
        self.assertEqual(self.expected_count(*ids[:257], ids[0]), 258)


class PlantedFaultTest(unittest.TestCase):
    """Each fault is planted in a world that is right otherwise, and found as what it is."""

    def setUp(self):
        self.world = right_world()

    def differences(self):
        report = compare(self.world)
        return dict(sorted(report.places.items()))

    def conversation(self, log, key):
        return [n for n, record in enumerate(log.records) if record.key == key.encode()]

    def test_nothing_is_found_where_everything_is_right(self):
        report = compare(self.world)
        self.assertEqual(report.as_json()["examples"], {})
        self.assertTrue(report.is_clean)
        self.assertEqual(report.counts["messages"], 21)
        self.assertEqual(report.counts["duplicates"], 1)
        self.assertEqual(report.counts["strays"], 1)
        self.assertEqual(report.counts["invalid"], 2)
        self.assertEqual(report.counts["journalRows"], 21)
        self.assertEqual(set(report.as_json()["differences"]), set(KINDS))

    def test_a_lost_output_in_the_middle_is_a_gap(self):
        del self.world.outputs.records[self.conversation(self.world.outputs, "c1")[2]]
        self.assertEqual(self.differences(), {"outputs.gaps": 1, "outputs.missing": 1})

    def test_a_lost_output_at_the_end_is_missing(self):
        del self.world.outputs.records[self.conversation(self.world.outputs, "c1")[-1]]
        self.assertEqual(self.differences(), {"outputs.missing": 1})

    def test_a_lost_conversation_is_missing(self):
        keep = [record for record in self.world.outputs.records if record.key != b"c1"]
        self.world.outputs.records = keep
        self.assertEqual(self.differences(), {"outputs.missing": 5})

    def test_a_message_that_was_never_numbered_is_missing_everywhere(self):
        lost = self.conversation(self.world.inputs, "c1")[2]
        self.world = right_world(skip_input=self.world.inputs.records[lost].value)
        self.assertEqual(
            self.differences(), {"events.missing": 1, "journal.missing": 1, "outputs.missing": 1}
        )

    def test_an_output_that_is_there_twice_is_a_repeat(self):
        at = self.conversation(self.world.outputs, "c1")[2]
        twice = replace(self.world.outputs.records[at], offset=999)
        self.world.outputs.records.append(twice)
        self.assertEqual(self.differences(), {"outputs.extra": 1, "outputs.repeats": 1})

    def test_an_input_that_was_numbered_twice_is_extra(self):
        key, last = "c1", self.conversation(self.world.outputs, "c1")[-1]
        content = message.read_numbered(self.world.outputs.records[last].value)[2]
        again = message.output_bytes(Message(key, content), 5)
        record = replace(self.world.outputs.records[last], offset=999, value=again)
        self.world.outputs.records.append(record)
        self.assertEqual(self.differences(), {"outputs.extra": 1})

    def test_two_outputs_in_the_wrong_order_are_a_reorder(self):
        one, two = self.conversation(self.world.outputs, "c1")[1:3]
        records = self.world.outputs.records
        records[one], records[two] = records[two], records[one]
        self.assertEqual(self.differences(), {"outputs.reorders": 2})

    def test_two_inputs_numbered_in_the_wrong_order_are_a_reorder(self):
        one, two = (
            self.world.outputs.records[at]
            for at in self.conversation(self.world.outputs, "c1")[1:3]
        )
        contents = [message.read_numbered(record.value)[2] for record in (one, two)]
        one.value = message.output_bytes(Message("c1", contents[1]), 1)
        two.value = message.output_bytes(Message("c1", contents[0]), 2)
        self.assertEqual(self.differences(), {"outputs.reorders": 1})

    def test_another_body_is_a_wrong_value(self):
        record = self.world.outputs.records[self.conversation(self.world.outputs, "c1")[2]]
        record.value = record.value.replace(b'"body":"', b'"body":"!')
        self.assertEqual(self.differences(), {"outputs.wrongValues": 1})

    def test_fields_in_another_order_are_wrong_bytes(self):
        record = self.world.outputs.records[self.conversation(self.world.outputs, "c1")[2]]
        fields = json.loads(record.value)
        record.value = json.dumps(dict(sorted(fields.items())), separators=(",", ":")).encode()
        self.assertEqual(self.differences(), {"outputs.wrongBytes": 1})

    def test_an_output_elsewhere_is_on_a_wrong_partition(self):
        for at in self.conversation(self.world.outputs, "c1"):
            self.world.outputs.records[at].partition = (
                self.world.outputs.records[at].partition + 1
            ) % PARTITIONS
        self.assertEqual(self.differences(), {"outputs.wrongPartitions": 5})

    def test_an_output_under_another_key_is_told(self):
        self.world.outputs.records[self.conversation(self.world.outputs, "c1")[0]].key = None
        self.assertEqual(self.differences(), {"outputs.wrongKeys": 1})

    def test_an_output_without_its_inputs_time_is_told(self):
        self.world.outputs.records[0].headers = [("time", b"5")]
        self.assertEqual(self.differences(), {"outputs.wrongTimes": 1})

    def test_an_output_that_is_no_json_is_unreadable(self):
        self.world.outputs.records[self.conversation(self.world.outputs, "c1")[-1]].value = b"{"
        self.assertEqual(self.differences(), {"outputs.missing": 1, "outputs.unreadable": 1})

    def test_a_lost_event_breaks_both_numbers(self):
        del self.world.events.records[self.conversation(self.world.events, "c1")[2]]
        self.assertEqual(
            self.differences(), {"events.gaps": 1, "events.missing": 1, "events.wrongNumbers": 1}
        )

    def test_an_event_of_another_input_is_told(self):
        event = self.world.events.records[self.conversation(self.world.events, "c1")[2]]
        event.headers = [(n, b"id/0/77" if n == "source" else v) for n, v in event.headers]
        # Its journal row still tells the right one.
        self.assertEqual(self.differences(), {"events.wrongSources": 1, "journal.wrongSources": 1})

    def test_a_lost_journal_row_is_a_gap(self):
        self.world.journal = [
            row for row in self.world.journal if (row.entity_id, row.seq) != ("c1", 2)
        ]
        self.assertEqual(self.differences(), {"journal.gaps": 1, "journal.missing": 1})

    def test_a_journal_that_lags_is_missing_rows(self):
        self.world.journal = [
            row for row in self.world.journal if (row.entity_id, row.seq) != ("c1", 4)
        ]
        self.assertEqual(self.differences(), {"journal.missing": 1})

    def test_a_row_in_two_buckets_is_told(self):
        row = next(row for row in self.world.journal if row.entity_id == "c1")
        self.world.journal.append(replace(row, bucket=3))
        self.assertEqual(
            self.differences(),
            {"journal.extra": 1, "journal.repeats": 1, "journal.wrongBuckets": 1},
        )

    def test_a_row_with_other_bytes_than_its_event_is_told(self):
        row = next(row for row in self.world.journal if row.entity_id == "c1")
        row.event = row.event.replace(b",", b", ")
        # Once against the event topic, once against the input.
        self.assertEqual(self.differences(), {"journal.wrongBytes": 2})

    def test_a_row_from_another_input_is_told(self):
        row = next(row for row in self.world.journal if row.entity_id == "c1")
        row.source = row.source._replace(offset=77)
        # Once against the event topic, once against the input.
        self.assertEqual(self.differences(), {"journal.wrongSources": 2})

    def test_a_row_from_another_topic_is_told(self):
        row = next(row for row in self.world.journal if row.entity_id == "c1")
        row.source = row.source._replace(topic_id="another")
        self.assertEqual(self.differences(), {"journal.wrongSources": 1})

    def test_a_row_with_another_time_than_its_input_is_told(self):
        row = next(row for row in self.world.journal if row.entity_id == "c1")
        row.timestamp_ms += 1
        # Once against the event topic, once against the input.
        self.assertEqual(self.differences(), {"journal.wrongTimes": 2})

    def test_rows_and_events_that_agree_on_a_wrong_input_are_told(self):
        at = self.conversation(self.world.events, "c1")[2]
        event = self.world.events.records[at]
        wrong = {"source": b"id/0/77", "time": b"5"}
        event.headers = [(name, wrong.get(name, value)) for name, value in event.headers]
        row = next(row for row in self.world.journal if (row.entity_id, row.seq) == ("c1", 2))
        row.source, row.timestamp_ms = Source("id", 0, 77), 5
        self.assertEqual(
            self.differences(),
            {
                "events.wrongSources": 1,
                "events.wrongTimes": 1,
                "journal.wrongSources": 1,
                "journal.wrongTimes": 1,
            },
        )

    def test_a_row_of_nothing_that_was_ever_sent_is_extra(self):
        event = message.event_bytes(Content("x", (), "y", None), 0)
        row = JournalRow("ghost", 0, event, Source("id", 0, 0), 1000)
        self.world.journal.append(row)
        self.assertEqual(self.differences(), {"journal.extra": 1})

    def test_the_engines_own_events_count_among_the_seqs_but_are_no_messages(self):
        home = home_partition("c1", PARTITIONS)
        number = sum(1 for record in self.world.events.records if record.partition == home) + 1
        parked = b'{"$":"parked"}'
        row = JournalRow("c1", 5, parked, Source("id", home, 77), 5)
        told = {"seq": "5", "number": str(number), "time": "5", "source": f"id/{home}/77"}
        headers = [(name, text.encode()) for name, text in told.items()]
        self.world.events.records.append(Record(home, 999, b"c1", parked, 0, headers))
        self.assertEqual(self.differences(), {"journal.missing": 1})
        self.world.journal.append(row)
        self.assertEqual(self.differences(), {})
        row.seq = 6
        self.assertEqual(self.differences(), {"journal.gaps": 1, "journal.missing": 1})

    def test_a_lost_dead_letter_is_missing(self):
        del self.world.dead_letters.records[0]
        self.assertEqual(self.differences(), {"deadLetters.missingDeadLetters": 1})

    def test_a_dead_letter_that_is_there_twice_is_a_repeat(self):
        self.world.dead_letters.records.append(
            replace(self.world.dead_letters.records[0], offset=999)
        )
        self.assertEqual(self.differences(), {"deadLetters.repeatedDeadLetters": 1})

    def test_a_dead_letter_of_a_valid_record_is_extra(self):
        valid = self.world.inputs.records[self.conversation(self.world.inputs, "c1")[0]]
        self.world.dead_letters.records.append(dead_letter(valid, 999))
        self.assertEqual(self.differences(), {"deadLetters.extraDeadLetters": 1})

    def test_a_dead_letter_with_another_value_is_told(self):
        self.world.dead_letters.records[0].value = b"?"
        self.assertEqual(self.differences(), {"deadLetters.wrongDeadLetters": 1})

    def test_dead_letters_of_other_topics_are_left_alone(self):
        other = replace(self.world.dead_letters.records[0], headers=[("dl-topic", b"other")])
        self.world.dead_letters.records.append(other)
        self.assertEqual(self.differences(), {})

    def test_a_stray_that_was_not_forwarded_is_told(self):
        self.world = right_world(forwards=0)
        self.assertEqual(self.differences(), {"inputs.missingForwards": 1})

    def test_a_stray_that_was_forwarded_twice_is_told(self):
        self.world = right_world(forwards=2)
        self.assertEqual(self.differences(), {"inputs.repeatedForwards": 1})

    def test_a_stray_that_was_processed_where_it_lay_is_extra(self):
        self.world = right_world(forwards=0)
        ghost = message.output_bytes(Message("stray", Content("ann", (), "lost", None)), 0)
        home = home_partition("stray", PARTITIONS)
        self.world.outputs.records.append(Record(home, 999, b"stray", ghost, 0, [("time", b"0")]))
        self.assertEqual(self.differences(), {"inputs.missingForwards": 1, "outputs.extra": 1})

    def test_a_log_that_is_not_whole_cannot_be_checked(self):
        self.world.outputs.incomplete.append("partition 0 starts at 7: older records are gone")
        self.assertEqual(self.differences(), {"out.incompleteLogs": 1})


if __name__ == "__main__":
    unittest.main()
