"""One conversation's messages, wherever they were found, against the expected ones."""

from collections import Counter
from dataclasses import dataclass

from message import Content
from report import Report


@dataclass(slots=True)
class Found:
    """A numbered message where it was found."""

    seq: int
    content: Content
    value: bytes
    place: str


def compare_numbers(where: str, conversation: str, numbers: list[int], report: Report) -> None:
    """The numbers must be 0, 1, 2, … in this order, whatever was expected."""
    if numbers == list(range(len(numbers))):
        return
    seen: set[int] = set()
    highest = -1
    for seq in numbers:
        if seq in seen:
            report.add("repeats", where, conversation=conversation, seq=seq)
        elif seq < highest:
            report.add("reorders", where, conversation=conversation, seq=seq, after=highest)
        seen.add(seq)
        highest = max(highest, seq)
    for seq in sorted(set(range(highest + 1)) - seen):
        report.add("gaps", where, conversation=conversation, seq=seq)


def compare_contents(
    where: str, conversation: str, expected: list[Content], found: list[Found], report: Report
) -> None:
    """The messages must be the expected ones, in the expected order, whatever their numbers are."""
    contents = [each.content for each in found]
    if contents == expected:
        return
    missing = Counter(expected) - Counter(contents)
    extra = Counter(contents) - Counter(expected)
    for each in found:
        wanted = expected[each.seq] if 0 <= each.seq < len(expected) else None
        # One that is not wanted at all, in the place of one that is nowhere else.
        if wanted is not None and extra[each.content] > 0 and missing[wanted] > 0:
            extra[each.content] -= 1
            missing[wanted] -= 1
            report.add("wrongValues", where, conversation=conversation, seq=each.seq, at=each.place)
    for content in missing.elements():
        report.add("missing", where, conversation=conversation, message=_brief(content))
    for content in extra.elements():
        report.add("extra", where, conversation=conversation, message=_brief(content))
    if not _same_order(expected, contents):
        report.add("reorders", where, conversation=conversation, messages=len(contents))


def _same_order(expected: list[Content], contents: list[Content]) -> bool:
    """Whether those messages that are in both lists are in the same order."""
    common = Counter(expected) & Counter(contents)
    return _only(expected, common.copy()) == _only(contents, common.copy())


def _only(contents: list[Content], common: Counter[Content]) -> list[Content]:
    """The first occurrences of each, as many as both lists have."""
    kept = []
    for content in contents:
        if common[content] > 0:
            common[content] -= 1
            kept.append(content)
    return kept


def _brief(content: Content) -> dict:
    return {"sender": content.sender, "body": content.body[:60], "messageId": content.message_id}
