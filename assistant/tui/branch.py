"""Where a text goes that does not follow the end of its chat: an edit, a question asked again, a reply gone on with."""

from dataclasses import dataclass

from assistant.domain.sensitivity import Label


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that begins after `parent` (None: at the start of the conversation).

    What is said there carries `label` at least: that of what it came of. The reply goes on from `continues`. `again` says
    that the text is on record, or the program's own: it need not come back where it is not sent. `asked` is the message that
    it is another version of, where it is an edit of one.
    """

    parent: str | None
    label: Label
    continues: str = ""
    again: bool = False
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit in the composer; `aside` stood there before, with `aside_label`, and `mark` was its chat's.

    `sent` is the message as it is on record ("": that is not known any more).
    """

    branch: Branch
    aside: str
    aside_label: Label
    mark: Label | None
    sent: str
