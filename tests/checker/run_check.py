"""What the programs of this folder do with a comparison: repeat it for a while, print its report, exit."""

import argparse
import json
import sys
import time
from collections.abc import Callable

from read_kafka import CannotRead
from report import Report

PAUSE_SECONDS = 1


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """With the options that all of them have."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--brokers", required=True, metavar="HOST:PORT,…")
    parser.add_argument(
        "--settle-seconds",
        type=float,
        default=0,
        help="while there are differences, read again for so long (0)",
    )
    return parser


def run_check(check: Callable[[], Report], settle_seconds: float) -> int:
    """The exit code: 0 everything agrees, 1 there are differences, 2 it could not be read."""
    deadline = time.monotonic() + settle_seconds
    try:
        report = check()
        while not report.is_clean and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
            report = check()
    except CannotRead as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    return 0 if report.is_clean else 1
