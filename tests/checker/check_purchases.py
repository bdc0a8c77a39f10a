"""Compares what users bought, added up from the topic alone, with what a cluster of processors made of it.

It shares no code with the program, and reads Kafka and Cassandra, and asks, with other clients. Prints a
report as JSON. Exit code: 0 everything agrees, 1 there are differences, 2 it could not be read.
"""

import argparse
import json
import sys
import time

from ask_users import ask_users
from compare_purchases import PurchasesWorld, compare_purchases, read_inputs
from read_journal import read_journal
from read_kafka import CannotRead, read_topic
from report import Report

PAUSE_SECONDS = 1
ENTITY_TYPE = "user-processing"
# Who bought nothing, and whom nobody has heard of.
NOBODY = "nobody at all"


def main() -> int:
    options = _options()
    deadline = time.monotonic() + options.settle_seconds
    try:
        report = _check(options)
        while not report.is_clean and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
            report = _check(options)
    except CannotRead as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    return 0 if report.is_clean else 1


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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--brokers", required=True, metavar="HOST:PORT,…")
    parser.add_argument("--journal", metavar="cassandra:HOST,…:PORT/KEYSPACE or FILE of a dump")
    parser.add_argument(
        "--ask",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="a processor's front end; may be given several times",
    )
    parser.add_argument(
        "--settle-seconds",
        type=float,
        default=0,
        help="while there are differences, read again for so long (0)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
