"""Small pictures in the chat: one is made at a time, a few are kept, and what waited is laid out when it is there."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from assistant.domain.attachments import Attachment, compose
from assistant.domain.errors import AttachmentError
from assistant.domain.pictures import Picture
from assistant.domain.prompt import Role
from assistant.domain.thumbnail import Thumbnail
from assistant.tui import half_blocks
from assistant.tui.gallery import KEPT, Gallery
from assistant.tui.half_blocks import FEW_COLOURS, NO_TEXT, READING
from assistant.tui.widgets.transcript_attached import SHOWN_IMAGES, Look
from assistant.tui.widgets.transcript_page import Entry, Page
from assistant.tui.widgets.transcript_pages import Pages
from tests.picture_maker import image, png

SMALL = Thumbnail(3, 4, bytes(range(36)))


def wide(columns: int) -> Thumbnail:
    return Thumbnail(columns, 2, bytes(6 * columns))


def picture(number: int) -> Picture:
    return Picture(f"{number}.png", "png", f"{number:04}", 1, 1)


class Decoder:
    """A disk that only decodes; counts how many do so at once."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.running = self.most = 0

    def preview(self, picture: Picture, columns: int) -> Thumbnail:
        self.running += 1
        self.most = max(self.most, self.running)
        self.asked.append((picture.name, columns))
        self.running -= 1
        if picture.name == "13.png":
            raise AttachmentError("13.png: no preview:\x1b[2J it is broken")
        return wide(columns)


class Console:
    color_system: str | None = "truecolor"


class App:
    no_color = False

    def __init__(self) -> None:
        self.console = Console()


class Stand:
    """What a gallery needs of a screen."""

    def __init__(self) -> None:
        self.app = App()
        self.tasks: list[asyncio.Task[None]] = []

    def run_worker(self, work: Coroutine[None, None, None], group: str = "") -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(work))

    async def settle(self) -> None:
        await asyncio.gather(*self.tasks)


def gallery(stand: Stand, decoder: Decoder) -> Gallery:
    return Gallery(lambda: decoder, stand)  # type: ignore[arg-type, return-value]


async def test_each_is_made_once_and_one_at_a_time() -> None:
    stand, decoder = Stand(), Decoder()
    on = gallery(stand, decoder)
    heard: list[int] = []
    on.arrived.append(lambda: heard.append(1))
    for number in (1, 2, 3, 1):
        assert on.shown(picture(number), 20) == READING
    await stand.settle()
    assert decoder.asked == [("1.png", 20), ("2.png", 20), ("3.png", 20)]
    assert (decoder.most, len(stand.tasks), len(heard)) == (1, 1, 3)
    assert on.shown(picture(2), 20) == wide(20)
    assert on.shown(picture(2), 30) == READING
    await stand.settle()
    assert on.shown(picture(2), 30) == wide(30)


async def test_a_failure_is_harmless_words_and_not_tried_again() -> None:
    stand, decoder = Stand(), Decoder()
    on = gallery(stand, decoder)
    on.shown(picture(13), 20)
    await stand.settle()
    for _ in range(2):
        assert on.shown(picture(13), 20) == "no preview:␛[2J it is broken"
    assert len(decoder.asked) == 1


async def test_few_are_kept_those_that_were_looked_at_last() -> None:
    stand, decoder = Stand(), Decoder()
    on = gallery(stand, decoder)
    for number in range(20, 20 + KEPT):
        on.shown(picture(number), 20)
    await stand.settle()
    assert on.shown(picture(20), 20) == wide(20)
    on.shown(picture(99), 20)
    await stand.settle()
    assert on.shown(picture(20), 20) == wide(20)
    assert on.shown(picture(21), 20) == READING
    await stand.settle()


@pytest.mark.parametrize(
    ("system", "no_color", "drawn"),
    [
        ("truecolor", False, True),
        ("256", False, True),
        ("standard", False, False),
        (None, False, False),
        ("truecolor", True, False),
    ],
)
async def test_only_where_there_are_colours(system: str, no_color: bool, drawn: bool) -> None:
    stand = Stand()
    stand.app.console.color_system, stand.app.no_color = system, no_color
    on = gallery(stand, Decoder())
    assert on.shown(picture(1), 20) == (READING if drawn else FEW_COLOURS)
    await stand.settle()


def test_where_nothing_decodes_it_says_so() -> None:
    assert Gallery(None, Stand()).shown(picture(1), 20) == NO_TEXT  # type: ignore[arg-type]


def test_cells_of_the_same_colours_are_one_span_that_a_copy_leaves_out() -> None:
    [first, second] = half_blocks.lines(SMALL)
    assert [span.look for span in first.spans] == [
        "#000102/#090a0b",
        "#030405/#0c0d0e",
        "#060708/#0f1011",
    ]
    assert first.text == second.text == "▀▀▀"
    assert first.copied() + first.joint == ""
    [plain] = half_blocks.lines(wide(9))
    assert [span.text for span in plain.spans] == ["▀" * 9]
    style = half_blocks.pair("#000102/#090a0b")
    assert (style.color and style.color.name, style.bgcolor and style.bgcolor.name) == (
        "#000102",
        "#090a0b",
    )


def entry(*attached: Attachment, key: str = "a") -> Entry:
    return Entry(key, Role.USER, compose("Where?", attached))


def texts(page: Page) -> list[str]:
    return [page[row].text.rstrip() for row in range(len(page))]


def of(*seen: Thumbnail | str) -> Look:
    found: Callable[[], Thumbnail | str] = iter([*seen, *[seen[-1]] * 99]).__next__
    return lambda _, columns: found()


def test_an_image_is_drawn_behind_the_bar_between_its_row_and_the_words() -> None:
    page = Page(entry(image("a.png")), 60, unfolded=True, look=of(SMALL))
    assert texts(page)[3:] == ["│ ▀▀▀", "│ ▀▀▀", "", "Where?"]
    assert not page.waits
    copied = "".join(page[row].copied() + page[row].joint for row in range(3, len(page)))
    assert copied.strip() == "Where?"
    folded = Page(entry(image("a.png")), 60, look=of("never asked"))
    assert "never asked" not in "".join(texts(folded))


@pytest.mark.parametrize(("width", "columns"), [(100, 60), (40, 38), (9, 9)])
def test_it_is_no_wider_than_its_message(width: int, columns: int) -> None:
    asked: list[int] = []

    def look(_: Picture, columns: int) -> Thumbnail:
        asked.append(columns)
        return wide(columns)

    page = Page(entry(image("a.png")), width, unfolded=True, look=look)
    assert asked == [columns]
    assert all(len(text) <= width for text in texts(page)[2:])


def test_of_very_many_the_first_are_drawn() -> None:
    many = [image(f"{n}.png", png(n + 1, 1)) for n in range(SHOWN_IMAGES + 2)]
    page = Page(entry(*many), 60, unfolded=True, look=of(SMALL))
    assert texts(page).count("│ ▀▀▀") == 2 * SHOWN_IMAGES
    assert sum("no more than 8" in text for text in texts(page)) == 2


def test_what_waited_is_laid_out_anew_and_says_how_far_it_grew() -> None:
    pages = Pages()
    pages.look = of(READING, READING, SMALL, READING)
    pages.fill([entry(image("a.png"), image("b.png")), entry(image("c.png"), key="b")])
    pages.resize(60)
    pages.measure(1)
    assert pages.fold(0)
    assert pages.page(0).waits
    before = pages.measure(0)
    assert pages.renew() == [(0, 3, 1)]
    assert pages.heights[0] == before + 1
    assert texts(pages.page(0))[3:5] == ["│ ▀▀▀", "│ ▀▀▀"]
    assert pages.page(0).waits
    pages.look = of(SMALL)
    assert pages.renew() == [(0, 6, 1)]
    assert pages.renew() == []
