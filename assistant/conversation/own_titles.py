"""A title out of a person's own words: the first thing that they said, without what only begins it; nothing is asked for it."""

import re

from assistant.domain.attachments import headline
from assistant.domain.hygiene import one_line

_LONGEST = 1_000
"""Characters of a message that are looked at."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")
_OPENINGS = re.compile(
    r"(?:hi|hello|hey|good (?:morning|afternoon|evening)|hallo|guten (?:morgen|tag|abend)|bonjour|salut|hola|ciao"
    r"|please|pls|bitte|s'il (?:te|vous) pla[iî]t|por favor|ok(?:ay)?"
    r"|(?:can|could|would|will) you(?: please)?(?: help me(?: to)?| tell me| show me| explain)?|help me(?: to)?|i need help with"
    r"|tell me(?: about)?|show me|i(?: want| need|'d like| would like) to(?: know)?|how (?:do|can|could|should|would) (?:i|we|you)|how to"
    r"|(?:can|could) i|what(?:'s| is| are| was| were)(?: the| a| an| some)?|what does"
    r"|(?:write|give|make|create|draft)(?: me| us)?(?: a| an| the| some)"
    r"|kannst du(?: mir)?|könntest du(?: mir)?|wie (?:kann|mache|soll) ich|was (?:ist|sind)(?: der| die| das| ein| eine)?|ich möchte"
    r"|qu'est-ce que(?: c'est que)?|peux-tu|pouvez-vous|je (?:veux|voudrais)|cómo|qué (?:es|son)|puedes|che cos'è)"
    r"(?=[\s,!:.—-])[\s,!:.—-]+",
    re.IGNORECASE,
)
_ENDINGS = re.compile(
    r"[\s,;:.!?。！？…—-]+$|,? (?:please|bitte|thanks|thank you|danke|merci)\W*$", re.IGNORECASE
)


def own_title(text: str, width: int) -> str:
    """A title of at most `width` characters of what `text`, a person's message, begins with; "" where that says nothing."""
    for sentence in _SENTENCE.split(headline(text)[:_LONGEST].strip()):
        found = _bare(one_line(sentence, _LONGEST))
        if len(re.findall(r"\w+", found)) > 1 or len(found) > width:
            title = _cut(found, width)
            return (title[:1].upper() + title[1:])[:width]
    return ""


def _bare(sentence: str) -> str:
    """Without how it begins and ends; one of which nothing is left says nothing."""
    before = None
    while sentence != before:
        before, sentence = sentence, sentence.lstrip()
        if opening := _OPENINGS.match(sentence):
            sentence = sentence[opening.end() :]
        sentence = _ENDINGS.sub("", sentence)
    return sentence


def _cut(text: str, width: int) -> str:
    """No more than `width` characters, whole words where it has any."""
    if len(text) <= width:
        return text
    head = text[: width + 1].rpartition(" ")[0] or text[:width]
    return _ENDINGS.sub("", head)
