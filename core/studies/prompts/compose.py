"""Prompts built from parts: slots spread over lists, adjectives added one after another, words left out.

Only text in, text out: the same text goes to every model.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import TMVError

MOST_PROMPTS = 2000
_SLOT = re.compile(r"\{([A-Za-z_][A-Za-z0-9_ ]*)\}")
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """One prompt of a grid: its text and the value of each slot."""

    text: str
    values: tuple[tuple[str, str], ...]


def slots_of(pattern: str) -> tuple[str, ...]:
    """Names of the slots of a pattern, in order: "a {style} of a {noun}" -> ("style", "noun")."""
    return tuple(dict.fromkeys(_SLOT.findall(pattern)))


def slot_values(lines: Sequence[str]) -> dict[str, list[str]]:
    """ "style = photo, drawing" -> {"style": ["photo", "drawing"]}; an empty value leaves the slot out."""
    found = {}
    for line in lines:
        name, equals, values = line.partition("=")
        if not equals or not name.strip():
            raise TMVError(f"A slot is written as name = value, value; got {line!r}.")
        found[name.strip()] = [v.strip() for v in values.split(",")]
    return found


def expand(pattern: str, values: Mapping[str, Sequence[str]]) -> tuple[Composed, ...]:
    """Every combination of slot values put into a pattern; the last slot varies fastest.

    An empty value leaves its slot out. `{}` is kept as it is, so that patterns can make templates. "a" before
    a filled slot becomes "an" where the value starts with a vowel. `TMVError` for a slot without values.
    """
    names = slots_of(pattern)
    for name in names:
        if not values.get(name):
            raise TMVError(f"The slot {{{name}}} of {pattern!r} has no values; give one or take it out.")
    count = 1
    for name in names:
        count *= len(values[name])
    if count > MOST_PROMPTS:
        raise TMVError(
            f"These slots make {count:,} prompts; at most {MOST_PROMPTS:,} are compared at once, so shorten a list."
        )
    rows = itertools.product(*(dict.fromkeys(values[name]) for name in names))
    return tuple(
        Composed(text=_fill(pattern, dict(zip(names, row, strict=True))), values=tuple(zip(names, row, strict=True)))
        for row in rows
    )


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    """The pattern with its slots filled; STX and ETX mark what was filled in until articles are put right."""
    out = pattern
    for name, value in values.items():
        out = out.replace("{" + name + "}", f"\x02{value.strip()}\x03")
    out = re.sub("\x02\x03\\s*", "", out)
    out = re.sub("\\b([Aa])(?= \x02[aeiouAEIOU])", "\\1n", out)
    return tidy(out.replace("\x02", "").replace("\x03", ""))


def tidy(text: str) -> str:
    """Single spaces, none before punctuation or at the ends."""
    return re.sub(r"\s+([,.;:!?])", r"\1", " ".join(text.split()))


def ladder(noun: str, adjectives: Sequence[str], pattern: str = "{}") -> tuple[str, ...]:
    """A noun with adjectives added in front one after another, each put into `pattern`.

    ladder("bird", ["white", "flying"]) -> ("bird", "white bird", "flying white bird")
    """
    if pattern.count("{}") != 1:
        raise TMVError(f"The pattern of a ladder needs exactly one {{}} for the noun, got {pattern!r}.")
    steps = [noun]
    for adjective in adjectives:
        steps.append(f"{adjective} {steps[-1]}")
    return tuple(_fill(pattern.replace("{}", "{step}"), {"step": step}) for step in steps)


# --- single words -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WordSpan:
    """One word of a text, from `start` to `end`, and the text `without` it."""

    word: str
    start: int
    end: int
    without: str


def leave_one_out(text: str) -> tuple[WordSpan, ...]:
    """Every word of a text with the text that remains without it.

    Hyphenated words and apostrophes stay whole; punctuation belongs to no word. A text of one word has
    nothing to leave out and gives ().
    """
    spans = [(m.group(), m.start(), m.end()) for m in _WORD.finditer(text)]
    if len(spans) < 2:
        return ()
    return tuple(
        WordSpan(word=word, start=start, end=end, without=_without(text, start, end)) for word, start, end in spans
    )


def _without(text: str, start: int, end: int) -> str:
    """The rest of the text; a comma that would stand alone goes too."""
    rest = tidy(text[:start] + " " + text[end:])
    rest = re.sub(r"([,;:])\s*(?=[,;:.!?])", "", rest)
    return re.sub(r"^[,;:.!?\s]+", "", rest)


_LEADS = ("a photo of ", "a picture of ", "an image of ")


def rewordings_of(text: str) -> tuple[str, ...]:
    """Plain rewrites that leave the meaning alone: full stop or not, small letters, "a photo of", tags.

    The original is not among them.
    """
    bare = text.strip().rstrip(".").strip()
    core = next((bare[len(lead) :] for lead in _LEADS if bare.lower().startswith(lead)), bare)
    small = core[:1].lower() + core[1:]
    content = [w for w in _WORD.findall(core.lower()) if w not in _FUNCTION_WORDS]
    offers = [
        bare,
        f"{bare}.",
        bare.lower(),
        core,
        *(f"{lead}{small}" for lead in _LEADS),
        f"there is {small}",
        ", ".join(content),
    ]
    return tuple(dict.fromkeys(o for o in offers if o and o != text))


_FUNCTION_WORDS = frozenset(
    (
        *("a", "an", "the", "of", "on", "in", "at", "by", "to", "and", "or", "with", "from"),
        *("is", "are", "was", "were", "be", "it", "its", "their", "his", "her", "this", "that"),
    )
)


# --- class names in a text --------------------------------------------------------------------------------


def classes_named(text: str, classnames: Sequence[str]) -> tuple[int, ...]:
    """Classes whose name stands in the text as whole words ("birds" counts as "bird"); longer names win.

    "a photo of a teddy bear" names "teddy bear", not also "bear".
    """
    words = tuple(_singular(w) for w in _words(text))
    taken, found = [False] * len(words), list[int]()
    by_length = sorted(range(len(classnames)), key=lambda c: (-len(_words(classnames[c])), c))
    for c in by_length:
        name = tuple(_singular(w) for w in _words(classnames[c]))
        for start in _starts(words, name):
            if not any(taken[start : start + len(name)]):
                taken[start : start + len(name)] = [True] * len(name)
                found.append(c)
    return tuple(sorted(set(found)))


def _words(text: str) -> list[str]:
    return "".join(ch.lower() if ch.isalnum() else " " for ch in text).split()


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def _starts(words: tuple[str, ...], name: tuple[str, ...]) -> list[int]:
    return [i for i in range(len(words) - len(name) + 1) if name and words[i : i + len(name)] == name]


# --- words of a text in captions --------------------------------------------------------------------------

_STYLE_WORDS = frozenset(
    ("photo", "photograph", "picture", "image", "drawing", "sketch", "cartoon", "painting", "rendering", "artistic")
)


def words_in_captions(text: str, captions: Sequence[Sequence[str]]) -> tuple[tuple[str, int], ...]:
    """Of each word of a text that names a thing or a quality: in how many pictures' captions it stands.

    `captions` has the captions of each picture. "birds" counts as "bird"; words of style ("photo", "drawing") are
    left out, since captions do not say them.
    """
    wanted = [w for w in dict.fromkeys(_words(text)) if w not in _FUNCTION_WORDS and _singular(w) not in _STYLE_WORDS]
    said = [{_singular(w) for caption in each for w in _words(caption)} for each in captions]
    return tuple((word, sum(_singular(word) in words for words in said)) for word in wanted)


_VOWEL_LETTER, _VOWEL_SOUND = re.compile(r"[aeiou]", re.I), re.compile(r"(hour|honest|honou?r|heir)", re.I)
_CONSONANT_SOUND = re.compile(r"(uni|use|usa|euro|eu|one\b|once)", re.I)


def starts_with_vowel_sound(noun: str) -> bool:
    """Whether its article is "an": of "apple" and "hourglass", not of "bird" and "unicycle"."""
    return bool(_VOWEL_SOUND.match(noun) or (_VOWEL_LETTER.match(noun) and not _CONSONANT_SOUND.match(noun)))


def with_article(noun: str) -> str:
    """The noun with its indefinite article: "an apple", "a bird", "a unicycle", "an hourglass"."""
    return f"{'an' if starts_with_vowel_sound(noun) else 'a'} {noun}"
