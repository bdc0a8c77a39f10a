"""Compares what users bought, added up from the topic alone, with what a cluster of processors made of it.

It shares no code with the program, and reads Kafka and Cassandra, and asks, with other clients. Prints a
report as JSON. Exit code: 0 everything agrees, 1 there are differences, 2 it could not be read.
"""

import argparse
import sys

from ask_users import ask_users
from compare_purchases import PurchasesWorld, compare_purchases, read_inputs
from read_journal import read_journal
from read_kafka import read_topic
from report import Report
from run_check import parser_of, run_check

ENTITY_TYPE = "user-processing"
# Who bought nothing, and whom nobody has heard of.
NOBODY = "nobody at all"


def main() -> int:
    options = _options()
    return run_check(lambda: _check(options), options.settle_seconds)


def _check(options: argparse.Namespace) -> Report:
    inputs, events, dead_letters = (
        read_topic(options.brokers, topic)
        for topic in ("user-events", f"{ENTITY_TYPE}_events", "user-events-dead-letter")
    )
    users = [*read_inputs(inputs, Report()).users, NOBODY]
    answers = [answer for front_end in options.ask for answer in ask_users(front_end, users)]
    journal = None if options.journal is None else read_journal(options.journal, ENTITY_TYPE)
    return compare_purchases(PurchasesWorld(inputs, events, dead_letters, answers, journal))


def _options() -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--journal", metavar="cassandra:HOST,…:PORT/KEYSPACE or FILE of a dump")
    parser.add_argument(
        "--ask",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="a processor's front end; may be given several times",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
