"""The tokenizer of `azr-nano`: one token per character, and one per frequent piece of Python.

Pieces only shorten sequences. Digits and letters of values are always single tokens, so that the
model sees what it computes with.
"""

from __future__ import annotations

import string
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers.tokenization_utils_tokenizers import PreTrainedTokenizerFast

PADDING, END, UNKNOWN = "<pad>", "<end>", "<unknown>"

PIECES = [
    *(
        f"[{role} {mode}]\n"
        for role in ("propose", "solve")
        for mode in ("deduction", "abduction", "induction")
    ),
    "def f(x):\n    ",
    "def f(x, y):\n    ",
    "\n    return ",
    "return ",
    "\n        ",
    "\n    ",
    "\n# ",
    "\n-> ",
    "\n\n",
    " inputs\n",
    " for i in ",
    "[i for i in ",
    ".append(",
    ".replace('",
    ".count(",
    ".upper()",
    "[::-1]",
    "[::2]",
    "[1:]",
    "[:-1]",
    "[-1]",
    "[:",
    "''.join(",
    "sorted(",
    "sum(",
    "len(",
    "max(",
    "min(",
    "str(",
    " if ",
    "if ",
    " + ",
    " - ",
    " * ",
    " // ",
    " % ",
    " != ",
    " > ",
    ", ",
    "list",
    " and ",
    " to ",
    "int",
    "str",
    "t = ",
    "x = ",
]


def build_tokenizer() -> Tokenizer:
    """Pieces match longest first; everything else is one token per character."""
    characters = ["\n", *(c for c in string.printable if c.isprintable())]
    vocabulary = [PADDING, END, UNKNOWN, *characters, *PIECES]
    tokens = {token: index for index, token in enumerate(dict.fromkeys(vocabulary))}
    tokenizer = Tokenizer(
        models.BPE(vocab=tokens, merges=[], unk_token=UNKNOWN, ignore_merges=True)
    )
    escaped = [_escape(piece) for piece in sorted(PIECES, key=len, reverse=True)]
    pattern = "|".join([*escaped, r"[\s\S]"])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in (PADDING, END, UNKNOWN)])
    return tokenizer


def _escape(piece: str) -> str:
    """Escapes for both regular-expression dialects that read tokenizer.json."""
    return "".join(
        "\\n" if c == "\n" else f"\\{c}" if c in r"\^$.|?*+()[]{}/-" else c for c in piece
    )


def save_tokenizer(folder: Path, context_tokens: int) -> None:
    fast = PreTrainedTokenizerFast(
        tokenizer_object=build_tokenizer(),
        eos_token=END,
        pad_token=PADDING,
        unk_token=UNKNOWN,
        model_max_length=context_tokens,
        clean_up_tokenization_spaces=False,
    )
    fast.save_pretrained(folder)


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """The id of a token that the vocabulary is known to hold."""
    found = tokenizer.token_to_id(token)
    if found is None:
        raise KeyError(token)
    return found
