"""The sampler chain in C: how the next token is chosen."""

from collections.abc import Iterator
from contextlib import contextmanager

from assistant.backends.llama.bindings import llama
from assistant.domain.prompt import Sampling

_PENALTY_TOKENS = 64
_SEEDS = 0xFFFF_FFFF
"""LLAMA_DEFAULT_SEED: this value asks for a random seed, so that it cannot be one."""


@contextmanager
def chain(sampling: Sampling, vocabulary_size: int) -> Iterator["llama.llama_sampler_p"]:
    """A chain for `llama_sampler_sample`; temperature 0 (or below) always takes the likeliest token.

    Top-k comes before the samplers that sort, which keeps them cheap on a vocabulary of 262,144 tokens (facts/perf.md §1).
    """
    params = llama.llama_sampler_chain_default_params()
    params.no_perf = True
    made = llama.llama_sampler_chain_init(params)
    try:
        for link in (*_penalties(sampling, vocabulary_size), *_choice(sampling)):
            llama.llama_sampler_chain_add(made, link)
        yield made
    finally:
        llama.llama_sampler_free(made)


def _penalties(sampling: Sampling, vocabulary_size: int) -> Iterator["llama.llama_sampler_p"]:
    penalty = sampling.repeat_penalty
    if penalty == 1.0 or penalty <= 0:
        return
    likeliest = 1 if sampling.temperature <= 0 else sampling.top_k
    if penalty > 1 and likeliest > 0:
        # A penalty moves at most so many tokens down, so that what is left of the top k was in here.
        yield llama.llama_sampler_init_top_k(likeliest + _PENALTY_TOKENS)
    yield llama.llama_sampler_init_penalties(vocabulary_size, _PENALTY_TOKENS, penalty, 0.0, 0.0)


def _choice(sampling: Sampling) -> Iterator["llama.llama_sampler_p"]:
    if sampling.temperature <= 0:
        yield llama.llama_sampler_init_greedy()
        return
    if sampling.top_k > 0:
        yield llama.llama_sampler_init_top_k(sampling.top_k)
    if sampling.top_p < 1:
        yield llama.llama_sampler_init_top_p(sampling.top_p, 1)
    if sampling.min_p > 0:
        yield llama.llama_sampler_init_min_p(sampling.min_p, 1)
    yield llama.llama_sampler_init_temp(sampling.temperature)
    seed = _SEEDS if sampling.seed is None else sampling.seed % _SEEDS
    yield llama.llama_sampler_init_dist(seed)
