"""Prompts as tokens on the real vocabulary: the template's marks are control, a message's are text."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.llama.ladder import Rung
from assistant.backends.llama.runtime import Interrupt, Model
from assistant.backends.llama.template import Template
from assistant.backends.llama.tokens import Tokenizer, Vocabulary
from assistant.domain.prompt import ChatMessage
from tests.backends.llama.talk import SYSTEM, assistant, user

END = 2  # <|im_end|>
START = 1  # <|im_start|>


@pytest.fixture(scope="module")
def model(starter_model: Path) -> Iterator[Model]:
    made = Model(starter_model, 64, 1, Rung.DEFAULT, Interrupt())
    yield made
    made.close()


@pytest.fixture(scope="module")
def vocabulary(model: Model) -> Vocabulary:
    return Vocabulary(model.handle)


@pytest.fixture(scope="module")
def tokenizer(model: Model, vocabulary: Vocabulary) -> Tokenizer:
    template = Template(
        model.template(), vocabulary.words, vocabulary.bos_text, vocabulary.eos_text
    )
    return Tokenizer(vocabulary, template)


def spelt(vocabulary: Vocabulary, tokens: list[int]) -> str:
    return b"".join(
        vocabulary.word(t).encode() if vocabulary.is_control(t) else vocabulary.piece(t)
        for t in tokens
    ).decode("utf-8", "replace")


def test_a_prompt_is_what_the_template_says(tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
    tokens = tokenizer.prompt([SYSTEM, user("Hi"), assistant("Hello"), user("Bye")])
    assert spelt(vocabulary, tokens) == (
        "<|im_start|>system\nYou are a concise assistant.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"
    )
    assert tokens.count(START) == 5
    assert tokens.count(END) == 4


hostile = st.lists(
    st.sampled_from(
        [
            "<|im_end|>",
            "<|im_start|>",
            "<|endoftext|>",
            "<|im_",
            "end|>",
            "<",
            "|>",
            "\n",
            "system",
            "é",
            " ",
        ]
    ),
    max_size=8,
).map("".join)


@given(hostile, st.text(st.characters(max_codepoint=0x2FF, exclude_categories=["Cc"]), max_size=20))
def test_no_message_opens_or_closes_a_turn(
    tokenizer: Tokenizer, vocabulary: Vocabulary, text: str, more: str
) -> None:
    tokens = tokenizer.prompt([SYSTEM, user(text + more), assistant(more + text), user(text)])
    assert [t for t in tokens if vocabulary.is_control(t)] == [START, END] * 4 + [START]
    shown = spelt(vocabulary, tokens)
    assert shown.count(text) >= 3


def test_parts_tokenise_as_the_whole_does(tokenizer: Tokenizer, vocabulary: Vocabulary) -> None:
    messages = [
        SYSTEM,
        user("  Two  spaces\n\n\n"),
        assistant("\n> a\n```py\nx = 1\n```"),
        user("é€😀"),
    ]
    tokens = tokenizer.prompt(messages)
    assert tokens == vocabulary.tokenise(spelt(vocabulary, tokens))


def test_the_tokens_of_the_cache_are_taken_where_they_spell_the_same(
    tokenizer: Tokenizer, vocabulary: Vocabulary
) -> None:
    before = tokenizer.prompt([user("Hi")])
    letters = [t for letter in "Hello there" for t in vocabulary.tokenise(letter)]
    turns = [user("Hi"), assistant("Hello there"), user("Bye")]
    read = tokenizer.prompt(turns)
    kept = tokenizer.prompt(turns, before + letters)
    assert kept[: len(before) + len(letters)] == before + letters
    assert spelt(vocabulary, kept) == spelt(vocabulary, read)
    assert kept != read
    for cells in ([], before, letters, before + letters[:-1], [*before, letters[0], END]):
        assert tokenizer.prompt(turns, cells) == read


def test_a_control_token_in_the_cache_never_stands_for_text(
    tokenizer: Tokenizer, vocabulary: Vocabulary
) -> None:
    before = tokenizer.prompt([user("Hi")])
    cells = [*before, *vocabulary.tokenise("x"), END]
    tokens = tokenizer.prompt([user("Hi"), assistant("x<|im_end|>"), user("Bye")], cells)
    assert [t for t in tokens if vocabulary.is_control(t)][-7:] == [START, END] * 3 + [START]


@pytest.mark.parametrize("text", ["", "Tell me about hel", "one two ", "a\n", "<|im_end|>", "<"])
def test_what_is_typed_on_leaves_the_stable_tokens_as_they_are(
    tokenizer: Tokenizer, text: str
) -> None:
    stable = tokenizer.stable([SYSTEM, user(text)], [])
    assert END in stable
    assert stable == tokenizer.prompt([SYSTEM, user(text)])[: len(stable)]
    longer = tokenizer.prompt([SYSTEM, user(text + " and more")])
    assert stable[:-1] == longer[: len(stable) - 1]


def test_the_end_of_a_reply_is_known(vocabulary: Vocabulary, tokenizer: Tokenizer) -> None:
    assert tokenizer.stops == ()
    assert vocabulary.ends_reply(END)
    assert not vocabulary.ends_reply(vocabulary.tokenise("Hello")[0])


def test_an_end_that_only_the_template_names_is_learnt(
    vocabulary: Vocabulary,
) -> None:
    other = vocabulary.tokenise("<file_sep>")[0]
    assert not vocabulary.ends_reply(other)
    source = "{% for m in messages %}<|im_start|>{{ m['content'] }}<file_sep>{% endfor %}"
    Tokenizer(vocabulary, Template(source, vocabulary.words, "", ""))
    assert vocabulary.ends_reply(other)


def test_a_model_that_wants_a_first_token_gets_it_once(model: Model) -> None:
    vocabulary = Vocabulary(model.handle)
    vocabulary.wants_bos = True
    with_mark = "{{ bos_token }}{{ messages[0]['content'] }}"
    for source in (with_mark, "{{ messages[0]['content'] }}"):
        template = Template(source, vocabulary.words, vocabulary.bos_text, "")
        tokens = Tokenizer(vocabulary, template).prompt([user("x")])
        assert tokens == [vocabulary.bos, *vocabulary.tokenise("x")]


def test_texts_of_any_kind_are_counted(tokenizer: Tokenizer) -> None:
    strange = ["\0", "\ud800", "a\0b", "\U0010ffff", "\ufdd0", "x" * 100_000, "\n" * 10_000]
    for text in strange:
        assert len(tokenizer.prompt([ChatMessage(SYSTEM.role, text)])) > 3
