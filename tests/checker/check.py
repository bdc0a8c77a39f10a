"""Compares what went into a chat cluster with what came out of it: topics and journal.

It shares no code with the program, and reads Kafka and Cassandra with other clients. Run it when
the program has caught up; --settle-seconds reads again until it has. Prints a report as JSON.

Exit code: 0 everything agrees, 1 there are differences, 2 it could not be read.
"""

import argparse
import sys

from compare import compare
from read_journal import read_journal
from read_kafka import read_topic
from report import Report
from run_check import parser_of, run_check
from wire import World


def main() -> int:
    options = _options()
    return run_check(lambda: _check(options), options.settle_seconds)


def _check(options: argparse.Namespace) -> Report:
    topics = {
        name: read_topic(options.brokers, getattr(options, name))
        for name in ("inputs", "outputs", "events", "dead_letters")
    }
    journal = None if options.journal is None else read_journal(options.journal)
    return compare(World(**topics, journal=journal))


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    journal = parser.add_mutually_exclusive_group()
    journal.add_argument(
        "--journal",
        metavar="cassandra:HOST,…:PORT/KEYSPACE",
        help="without either, it is not looked at",
    )
    journal.add_argument(
        "--journal-dump",
        dest="journal",
        metavar="FILE",
        help="JSON lines, as chatcluster journal dump prints them",
    )
    parser.add_argument("--in", dest="inputs", default="instant_message_in", metavar="TOPIC")
    parser.add_argument("--out", dest="outputs", default="instant_message_out", metavar="TOPIC")
    parser.add_argument("--events", default="conversation_events", metavar="TOPIC")
    parser.add_argument("--dead", dest="dead_letters", default="chat_dead_letter", metavar="TOPIC")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
