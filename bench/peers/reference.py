"""A GGUF file's model in float32 throughout: its weights dequantised, activations, keys and values never rounded. numpy alone, one window at a time, for
accuracy.py; the families of the real weights at hand (llama, gemma3)."""
import gguf
import numpy


def rms_norm(x, weight, epsilon):
    return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + epsilon, dtype=numpy.float32) * weight


def softmax(x):
    e = numpy.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def silu(x):
    return x / (1 + numpy.exp(-x))


def gelu_tanh(x):
    return 0.5 * x * (1 + numpy.tanh(numpy.float32(0.7978845608028654) * (x + numpy.float32(0.044715) * x * x * x)))


class Reference:
    """logits(ids, first): behind ids[first], ids[first + 1] .., (n_ids - first, vocabulary) float32."""

    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.fields = reader.fields
        self.family = self.field("general.architecture")
        if self.family not in ("llama", "gemma3"):
            raise SystemExit(f"{path}: the reference knows llama and gemma3, not {self.family}")
        self.weights = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(numpy.float32, copy=False) for t in reader.tensors}
        own = lambda key, otherwise=None: self.field(f"{self.family}.{key}", otherwise)  # noqa: E731
        self.n_layers, self.width = own("block_count"), own("embedding_length")
        self.heads, self.kv_heads = own("attention.head_count"), own("attention.head_count_kv")
        self.head_dim = own("attention.key_length", self.width // self.heads)
        self.epsilon = numpy.float32(own("attention.layer_norm_rms_epsilon"))
        self.rope_base = own("rope.freq_base")
        self.window = own("attention.sliding_window")
        self.gemma = self.family == "gemma3"
        self.bos = self.field("tokenizer.ggml.bos_token_id") if self.field("tokenizer.ggml.add_bos_token", self.gemma) else None
        self.head = self.weights.get("output.weight", self.weights["token_embd.weight"])

    def field(self, name, otherwise=None):
        return self.fields[name].contents() if name in self.fields else otherwise

    def is_full(self, layer):
        return not self.gemma or (layer + 1) % 6 == 0

    def rotated(self, x, base):
        """x (n, heads, head_dim), positions 0..n: gemma3 turns (i, i + half), llama adjacent pairs."""
        n, half = x.shape[0], self.head_dim // 2
        angles = numpy.arange(n)[:, None] * base ** (-numpy.arange(half) / half)
        cos, sin = (f(angles).astype(numpy.float32)[:, None, :] for f in (numpy.cos, numpy.sin))
        a, b = (x[..., :half], x[..., half:]) if self.gemma else (x[..., 0::2], x[..., 1::2])
        out = numpy.empty_like(x)
        left, right = (out[..., :half], out[..., half:]) if self.gemma else (out[..., 0::2], out[..., 1::2])
        left[...], right[...] = a * cos - b * sin, a * sin + b * cos
        return out

    def attention(self, x, layer):
        n = x.shape[0]
        part = lambda name: self.weights[f"blk.{layer}.{name}.weight"]  # noqa: E731
        q, k, v = ((x @ part(f"attn_{name}").T).reshape(n, -1, self.head_dim) for name in "qkv")
        if self.gemma:
            q, k = rms_norm(q, part("attn_q_norm"), self.epsilon), rms_norm(k, part("attn_k_norm"), self.epsilon)
        base = self.rope_base if self.is_full(layer) else 1e4
        q, k = self.rotated(q, base), self.rotated(k, base)
        distance = numpy.arange(n)[:, None] - numpy.arange(n)[None, :]
        hidden = (distance < 0) | (False if self.is_full(layer) else distance >= self.window)
        out = numpy.empty_like(q)
        for head in range(self.heads):
            kv = head * self.kv_heads // self.heads
            scores = q[:, head] @ k[:, kv].T / numpy.float32(self.head_dim ** 0.5)
            scores[hidden] = -numpy.inf
            out[:, head] = softmax(scores) @ v[:, kv]
        return out.reshape(n, -1) @ part("attn_output").T

    def feed_forward(self, x, layer):
        part = lambda name: self.weights[f"blk.{layer}.ffn_{name}.weight"]  # noqa: E731
        return ((gelu_tanh if self.gemma else silu)(x @ part("gate").T) * (x @ part("up").T)) @ part("down").T

    def logits(self, ids, first):
        x = self.weights["token_embd.weight"][ids]
        x = x * numpy.float32(self.width ** 0.5) if self.gemma else x
        for layer in range(self.n_layers):
            norm = lambda name, y: rms_norm(y, self.weights[f"blk.{layer}.{name}.weight"], self.epsilon)  # noqa: B023, E731
            y = self.attention(norm("attn_norm", x), layer)
            x = x + (norm("post_attention_norm", y) if self.gemma else y)
            y = self.feed_forward(norm("ffn_norm", x), layer)
            x = x + (norm("post_ffw_norm", y) if self.gemma else y)
        return rms_norm(x[first:], self.weights["output_norm.weight"], self.epsilon) @ self.head.T
