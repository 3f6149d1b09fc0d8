"""What is said about a conversation itself: the same words live, after a restart and in an export."""


def window_moved(dropped: int) -> str:
    """That the `dropped` oldest messages are out of the model's sight from here on."""
    if dropped == 1:
        return "The oldest message no longer fits the context window; the model does not see it."
    return (
        f"The oldest {dropped:,} messages no longer fit the context window; "
        "the model does not see them."
    )


def images_stay(count: int) -> str:
    """That `count` images of what was said before are not sent."""
    if count == 1:
        return "An image above is not sent: this route takes no images. The model reads its name."
    return (
        f"{count:,} images above are not sent: this route takes none. The model reads their names."
    )


def summarised(count: int, mark: str) -> str:
    """That a summary stands for the first `count` messages, with the `mark` of its label ("": it needs none)."""
    marked = f" · {mark}" if mark else ""
    return (
        f"Summarised on this machine: the {count:,} messages above{marked}. "
        "The model of this machine reads this in their place · z takes it back"
    )
