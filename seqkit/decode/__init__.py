"""Writing a sequence: greedy, sampling and beam search, for every model that writes one.

A model is anything with ``step(ids, state) -> (log_probabilities, state)``: a language model that
has read a prompt, a decoder that was shown an image or another sentence. Its state is nested
tuples of tensors, with a row for each hypothesis. All prompts and all their hypotheses are one
batch; one token costs one step; what is finished leaves the batch.
"""

from seqkit.decode.decoding import decode
from seqkit.decode.ensemble import Ensemble
from seqkit.decode.hypothesis import Hypothesis
from seqkit.decode.rules import Filter, forbid
from seqkit.decode.sampling import distribution, uniform
from seqkit.decode.settings import DecodeSettings
from seqkit.decode.state import Start, Stepping, joined, read, select
from seqkit.decode.watching import Search, Way, watched

__all__ = [
    "DecodeSettings",
    "Ensemble",
    "Filter",
    "Hypothesis",
    "Search",
    "Start",
    "Stepping",
    "Way",
    "decode",
    "distribution",
    "forbid",
    "joined",
    "read",
    "select",
    "uniform",
    "watched",
]
