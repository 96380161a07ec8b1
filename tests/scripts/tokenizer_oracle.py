"""The original tokenizers (PyPI tokenizers) and texts to compare ours on. Used by tokenizer_compare.py and by
tests/golden/tokenizer/generate.py."""

import json
import lzma
import pathlib
import random
import struct
import subprocess
import unicodedata

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKENIZERS = ROOT.parent / "shared/tokenizers"
FLORES = ROOT.parent / "shared/datasets/flores"


def from_folder(name):
    """The original of a folder of ../shared/tokenizers."""
    original = Tokenizer.from_str(lzma.open(TOKENIZERS / name / "tokenizer.json.xz").read().decode())
    if name == "gemma":
        # Its file has the turn tokens in the vocabulary but not among the added ones; a model that chats needs them to be.
        original.add_special_tokens([AddedToken(text, normalized=False, special=True)
                                     for text in ("<start_of_turn>", "<end_of_turn>")])
    return original


# GGUF metadata, as far as strings and integers of the tokenizer go -----------------------------------------------------

def read_gguf_metadata(path):
    """{key: value} of a GGUF file's header."""
    formats = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
    with open(path, "rb") as file:
        def scalar(code):
            size = struct.calcsize("<" + code)
            return struct.unpack("<" + code, file.read(size))[0]

        def value(kind):
            if kind == 8:
                return file.read(scalar("Q")).decode("utf-8", "replace")
            if kind == 9:
                item, count = scalar("I"), scalar("Q")
                return [value(item) for _ in range(count)]
            return scalar(formats[kind])

        if file.read(4) != b"GGUF":
            raise ValueError(f"{path} is not a GGUF file")
        scalar("I"), scalar("Q")
        keys = scalar("Q")
        found = {}
        for _ in range(keys):
            key = value(8)
            found[key] = value(scalar("I"))
        return found


def from_smollm_gguf(path):
    """SmolLM2's original, made from the tokens and merges in its GGUF file."""
    metadata = read_gguf_metadata(path)
    tokens = metadata["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    kinds = metadata["tokenizer.ggml.token_type"]
    made.add_special_tokens([AddedToken(token, normalized=False, special=True)
                             for token, kind in zip(tokens, kinds) if kind == 3])
    return made


# Texts ----------------------------------------------------------------------------------------------------------------

def assigned_in_unicode_9():
    program = (r'for my $c (0..0x10ffff) { next if $c >= 0xd800 && $c <= 0xdfff;'
               r' print "$c\n" if chr($c) =~ /\p{Present_In: 9.0}/ }')
    text = subprocess.run(["perl", "-e", program], check=True, capture_output=True, text=True).stdout
    return [int(line) for line in text.split()]


SPACES = [chr(c) for c in (9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, 0x2003, 0x2028, 0x2029, 0x202F, 0x3000, 0x200B)]
CONTRACTIONS = ["'s", "'S", "'\u017f", "'re", "'RE", "'ll", "'lL", "'t", "'M", "'ve", "'vE", "'d", "'D", "'", "''", "'x"]
EMOJI = ["\U0001F600", "\U0001F44D\U0001F3FD", "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466",
         "\U0001F1E8\U0001F1F3", "\u2764\uFE0F", "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F"]
PUNCTUATION = "!#$%&()*+,-./:;<=>?@[]^_`{|}~\"\\"
WORDS = ["the", "quick", " brown", "\u2581", " \u2581", "Caf\u00e9 d\u00e9j\u00e0 vu", "Stra\u00dfe", "\u4f60\u597d", "\ud55c\uad6d\uc5b4", "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22"]


class Texts:
    """Random texts of many kinds; the same seed gives the same texts."""

    def __init__(self, seed, special_texts=()):
        self.random = random.Random(seed)
        self.assigned = assigned_in_unicode_9()
        public = [c for c in self.assigned if not (0xE000 <= c <= 0xF8FF or c >= 0xF0000)]
        self.public = public
        self.marks = [c for c in public if unicodedata.combining(chr(c))]
        self.letters = [c for c in public if unicodedata.category(chr(c))[0] == "L"]
        self.numbers = [c for c in public if unicodedata.category(chr(c))[0] == "N"]
        self.special_texts = list(special_texts)
        self.flores = []
        if FLORES.is_dir():
            for file in sorted(FLORES.glob("*.devtest")):
                self.flores += file.read_text(encoding="utf-8").splitlines()
        self.code = []
        for file in sorted((ROOT / "src").glob("*/*.h")) + sorted((ROOT / "tools").glob("*.py")):
            self.code += file.read_text(encoding="utf-8").split("\n")

    def atom(self):
        r = self.random
        kinds = [
            (20, lambda: chr(r.choice(self.assigned))),
            (10, lambda: chr(r.choice(self.public))),
            (8, lambda: unicodedata.normalize("NFD", chr(r.randrange(0xC0, 0x250)))),
            (7, lambda: chr(r.choice(self.marks))),
            (10, lambda: r.choice(SPACES) * r.choice([1, 1, 1, 2, 3, 40 if r.random() < 0.1 else 1])),
            (5, lambda: r.choice(CONTRACTIONS)),
            (5, lambda: str(r.randrange(100000))),
            (5, lambda: chr(r.choice(self.numbers))),
            (10, lambda: r.choice("abcdefghijklmnopqrstuvwxyzABC") * r.choice([1, 1, 2, 3])),
            (4, lambda: r.choice(EMOJI)),
            (4, lambda: r.choice(PUNCTUATION) * r.choice([1, 2, 5])),
            (5, lambda: chr(r.randrange(0x4E00, 0x9FA6)) * r.choice([1, 1, 2])),
            (3, lambda: chr(r.randrange(0xAC00, 0xD7A4) if r.random() < 0.5 else r.randrange(0x1100, 0x1200))),
            (2, lambda: r.choice(self.special_texts) if self.special_texts else "<|x|>"),
            (2, lambda: r.choice(WORDS)),
        ]
        return r.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()

    def mixed(self):
        return "".join(self.atom() for _ in range(self.random.randint(1, 25)))

    def any_characters(self):
        return "".join(chr(self.random.choice(self.assigned)) for _ in range(self.random.randint(1, 25)))

    def words(self):
        r = self.random
        alphabet = [chr(c) for c in r.sample(self.letters, 3) + r.sample(self.marks, 2)] + [" ", "'", "1", r.choice(SPACES)]
        return "".join(r.choice(alphabet) for _ in range(r.randint(1, 20)))

    def languages(self):
        if not self.flores:
            return self.words()
        line = self.random.choice(self.flores)
        start = self.random.randrange(len(line) + 1)
        return line[start:start + self.random.randint(1, 80)]

    def decomposed(self):
        return unicodedata.normalize("NFD", self.languages())

    def program_text(self):
        start = self.random.randrange(len(self.code))
        return "\n".join(self.code[start:start + self.random.randint(1, 4)])

    def text(self, index):
        kinds = [self.mixed, self.mixed, self.mixed, self.mixed, self.any_characters, self.any_characters, self.languages,
                 self.decomposed, self.program_text, self.words]
        return kinds[index % len(kinds)]()

    def list(self, count):
        return [self.text(i) for i in range(count)]


def special_texts(name):
    """Texts of added tokens of a folder of ../shared/tokenizers."""
    source = json.load(lzma.open(TOKENIZERS / name / "tokenizer.json.xz"))
    return [token["content"] for token in source["added_tokens"]][:200]
