r"""Regular expressions of filters: those that take linear time and mean the same everywhere.

A pattern is read by the grammar below and written anew with nothing implied: no flags, no captures,
classes spelled out. What RE2 and PostgreSQL read in the result is the same.

Allowed:  characters, `.`, `[a-z]`, `[^a-z]`, `\d \w \s \D \W \S`, `\n \t \r`, escaped punctuation,
          `^ $`, `( )`, `(?: )`, `|`, `* + ? {m} {m,} {m,n}`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import Invalid

MAX_PATTERN_CHARACTERS = 500
MAX_PATTERN_REPEATS = 100
MAX_PATTERN_STEPS = 1_000  # of all the patterns of a filter
MAX_PATTERN_GROUPS = 20  # inside each other

_Range = tuple[int, int]
_DIGITS: tuple[_Range, ...] = ((48, 57),)
_WORD: tuple[_Range, ...] = (*_DIGITS, (65, 90), (95, 95), (97, 122))
_SPACE: tuple[_Range, ...] = ((9, 13), (32, 32))
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r"}
_WRITTEN = {control: f"\\{letter}" for letter, control in _CONTROLS.items()}
_SPECIAL = frozenset("\\^$.|?*+()[]{}")
_SPECIAL_IN_CLASS = frozenset("\\]^-[")
_RANGES_OF_STEP = 4  # a class of more counts as so many steps more
_MOST_FOLDED = 3_000  # characters of a class whose other case is looked up
_COUNTS = re.compile(r"\{([0-9]{1,3})(,([0-9]{0,3}))?\}")
_ALLOWED = (
    "allowed are characters, ., [a-z], [^a-z], \\d \\w \\s, ^ $, ( ), |, * + ? and {m,n} "
    f"up to {MAX_PATTERN_REPEATS}"
)


def plain_pattern(text: str, *, ignores_case: bool) -> tuple[str, int]:
    """Return the pattern with nothing implied, and its steps: what an automaton for it grows by.

    Raises:  Invalid, for what is not in the grammar or too large.
    """
    if len(text) > MAX_PATTERN_CHARACTERS:
        raise _refused(f"has more than {MAX_PATTERN_CHARACTERS} characters")
    reader = _Reader(text, ignores_case=ignores_case)
    written, steps = reader.read_alternatives(MAX_PATTERN_GROUPS)
    if reader.here:
        raise _refused("has a ) without its (")
    if steps > MAX_PATTERN_STEPS:
        raise _refused("repeats too much")
    return written, steps


class _Reader:
    """Reads from left to right; each method returns what it wrote and its steps, repeats counted."""

    def __init__(self, text: str, *, ignores_case: bool) -> None:
        self._text = text
        self._at = 0
        self._ignores_case = ignores_case

    @property
    def here(self) -> str:
        """The next character, "" at the end."""
        return self._text[self._at : self._at + 1]

    def read_alternatives(self, groups: int) -> tuple[str, int]:
        """Read up to the end or an unmatched `)`."""
        if not groups:
            raise _refused(f"has more than {MAX_PATTERN_GROUPS} groups inside each other")
        written, steps = self._read_sequence(groups)
        while self.here == "|":
            self._take()
            more, more_steps = self._read_sequence(groups)
            written, steps = f"{written}|{more}", steps + more_steps
        return written, steps

    def _read_sequence(self, groups: int) -> tuple[str, int]:
        parts, steps = [], 0
        while self.here and self.here not in "|)":
            written, one = self._read_repeated(groups)
            parts.append(written)
            steps += one
        return "".join(parts), steps + 1

    def _read_repeated(self, groups: int) -> tuple[str, int]:
        is_anchor = self.here in "^$"
        written, steps = self._read_one(groups)
        counts, most = self._read_counts()
        if counts and is_anchor:
            raise _refused("repeats ^ or $")
        if counts and (self.here in set("*+") or _COUNTS.match(self._text, self._at)):
            raise _refused("repeats a repetition: put ( ) around it")
        if counts and self.here == "?":
            self._take()  # greedy or not, whether it matches is the same
        return written + counts, steps * most

    def _read_counts(self) -> tuple[str, int]:
        if self.here and self.here in "*+?":
            return self._take(), 1
        if self.here != "{":
            return "", 1
        found = _COUNTS.match(self._text, self._at)
        if not found:
            raise _refused(
                f"has a {{ that begins no {{m,n}} of numbers up to {MAX_PATTERN_REPEATS}: for the sign "
                f"itself write \\{{"
            )
        self._at = found.end()
        least, most = int(found[1]), int(found[3] or found[1])
        if max(least, most) > MAX_PATTERN_REPEATS or most < least:
            raise _refused(f"has a count {found[0]}")
        return found[0], max(1, most)

    def _read_one(self, groups: int) -> tuple[str, int]:
        character = self._take()
        if character == "(":
            return self._read_group(groups)
        if character == "[":
            return self._read_class()
        if character == "\\":
            return self._read_escape(), 1
        if character == ".":
            return "[^\\n]", 1
        if character in "^$":
            return character, 1
        if character in "*+?{":
            raise _refused(f"has a {character} with nothing before it")
        return self._write_character(character), 1

    def _read_group(self, groups: int) -> tuple[str, int]:
        if self.here == "?":
            if not self._text.startswith("?:", self._at):
                raise _refused("looks ahead, looks behind, or sets flags")
            self._at += len("?:")
        written, steps = self.read_alternatives(groups - 1)
        if self._take() != ")":
            raise _refused("has a ( without its )")
        return f"(?:{written})", steps

    def _read_escape(self) -> str:
        letter = self._take()
        if letter in _CONTROLS:
            return f"\\{letter}"
        if letter and letter.lower() in _CLASSES:
            return _write_class(_CLASSES[letter.lower()], negated=letter.isupper())
        if not letter or letter.isalnum():
            raise _refused(f"has the escape \\{letter}")
        return self._write_character(letter)

    def _read_class(self) -> tuple[str, int]:
        negated = self.here == "^"
        if negated:
            self._take()
        ranges: list[_Range] = []
        while self.here != "]" or not ranges:
            ranges.extend(self._read_class_item())
        self._take()
        if self._ignores_case:
            ranges.extend(_other_cases(ranges))
        return _write_class(ranges, negated=negated), -(-_count_runs(ranges) // _RANGES_OF_STEP)

    def _read_class_item(self) -> Sequence[_Range]:
        if self.here == "\\" and self._text[self._at + 1 : self._at + 2] in _CLASSES:
            self._take()
            return _CLASSES[self._take()]
        first = self._read_class_character()
        if self.here != "-" or self._text[self._at + 1 : self._at + 2] in {"]", ""}:
            return [(first, first)]
        self._take()
        last = self._read_class_character()
        if last < first:
            raise _refused("has a class whose range runs backwards")
        return [(first, last)]

    def _read_class_character(self) -> int:
        character = self._take()
        if character == "\\":
            letter = self._take()
            if letter.isalnum() and letter not in _CONTROLS:
                raise _refused(f"has the escape \\{letter} in a class")
            character = _CONTROLS.get(letter, letter)
        elif character == "[":
            raise _refused("has a [ in a class: write \\[")
        if not character:
            raise _refused("has a [ without its ]")
        return ord(character)

    def _write_character(self, character: str) -> str:
        code = ord(character)
        others = _other_cases([(code, code)]) if self._ignores_case else []
        if others:
            return _write_class([(code, code), *others], negated=False)
        if character in _SPECIAL:
            return f"\\{character}"
        return _WRITTEN.get(character, character)

    def _take(self) -> str:
        character = self.here
        self._at += len(character)
        return character


def _other_cases(ranges: Sequence[_Range]) -> list[_Range]:
    if sum(last - first + 1 for first, last in ranges) > _MOST_FOLDED:
        raise _refused("has a class too large for the option i")
    codes = {code for first, last in ranges for code in range(first, last + 1)}
    cases = {case for code in codes for case in (chr(code).lower(), chr(code).upper())}
    others = {ord(case) for case in cases if len(case) == 1} - codes
    return [(code, code) for code in sorted(others)]


def _count_runs(ranges: Sequence[_Range]) -> int:
    """Count the ranges that are left where those that touch are one."""
    runs, end = 0, -1
    for first, last in sorted(ranges):
        runs += end < first - 1 or not runs
        end = max(end, last)
    return runs


def _write_class(ranges: Sequence[_Range], *, negated: bool) -> str:
    parts = [
        _write_in_class(first)
        if first == last
        else f"{_write_in_class(first)}-{_write_in_class(last)}"
        for first, last in ranges
    ]
    return f"[{'^' if negated else ''}{''.join(parts)}]"


def _write_in_class(code: int) -> str:
    character = chr(code)
    if character in _SPECIAL_IN_CLASS:
        return f"\\{character}"
    return _WRITTEN.get(character, character)


def _refused(why: str) -> Invalid:
    return Invalid(f"The pattern of $regex {why}; {_ALLOWED}.", details={"operator": "$regex"})
