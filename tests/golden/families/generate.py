#!/usr/bin/env python3
"""Golden logits: tiny random checkpoints of each family, run through Hugging Face transformers.

    python3 generate.py [FOLDER...]   # writes FOLDER/{model.gguf, model-q8_0.gguf, model-q4_0.gguf, ids.json, logits*.bin}

Needs torch 2.15.0, transformers 5.23.0, gguf 0.19.0 (not needed by the tests, which only read what this writes).
Each checkpoint is built from a config and a seed, its logits computed in float32 with eager attention, and its weights
written as GGUF the way llama.cpp's converter lays them out: Gemma's norms as 1 + w, Q and K of llama permuted to
adjacent pairs. The quantised files hold gguf.quants' blocks, and their logits come from the dequantised weights.
logits*.bin: float32 little-endian, (n_ids, vocabulary).
"""
import json
import math
import pathlib
import sys

import gguf
import numpy as np
import torch
import transformers as tf

HERE = pathlib.Path(__file__).parent
VOCAB, WIDTH, FFN, HEADS, KV_HEADS, HEAD_DIM, N_IDS = 320, 64, 96, 2, 1, 32, 40

common = dict(vocab_size=VOCAB, hidden_size=WIDTH, intermediate_size=FFN, num_attention_heads=HEADS,
              num_key_value_heads=KV_HEADS, head_dim=HEAD_DIM, max_position_embeddings=256,
              attn_implementation="eager", initializer_range=0.08)


def rope(theta):
    return {"rope_type": "default", "rope_theta": theta}


FAMILIES = {
    "llama": lambda: tf.LlamaForCausalLM(tf.LlamaConfig(num_hidden_layers=3, rope_parameters=rope(1e5), rms_norm_eps=1e-5,
                                                        tie_word_embeddings=True, **common)),
    "qwen2": lambda: tf.Qwen2ForCausalLM(tf.Qwen2Config(num_hidden_layers=3, rope_parameters=rope(1e6), rms_norm_eps=1e-6,
                                                        tie_word_embeddings=True, **common)),
    "qwen3": lambda: tf.Qwen3ForCausalLM(tf.Qwen3Config(num_hidden_layers=3, rope_parameters=rope(1e6), rms_norm_eps=1e-6,
                                                        tie_word_embeddings=False, **common)),
    "gemma": lambda: tf.GemmaForCausalLM(tf.GemmaConfig(num_hidden_layers=3, rope_parameters=rope(1e4), rms_norm_eps=1e-6,
                                                        hidden_activation="gelu_pytorch_tanh", **common)),
    "gemma2": lambda: tf.Gemma2ForCausalLM(tf.Gemma2Config(num_hidden_layers=7, rope_parameters=rope(1e4), rms_norm_eps=1e-6,
                                                           sliding_window=8, query_pre_attn_scalar=HEAD_DIM,
                                                           attn_logit_softcapping=50.0, final_logit_softcapping=30.0, **common)),
    "gemma3": lambda: tf.Gemma3ForCausalLM(tf.Gemma3TextConfig(
        num_hidden_layers=7, rms_norm_eps=1e-6, sliding_window=8, query_pre_attn_scalar=HEAD_DIM,
        rope_parameters={"sliding_attention": rope(1e4), "full_attention": rope(1e6)}, **common)),
    "llama-rope-factors": lambda: tf.LlamaForCausalLM(tf.LlamaConfig(num_hidden_layers=2, rope_parameters=LLAMA3, rms_norm_eps=1e-5,
                                                                     tie_word_embeddings=True, **common)),
}
# Folders named otherwise than their architecture.
ARCHITECTURES = {"llama-rope-factors": "llama"}
# Llama 3.1's scaling: low frequencies divided by 8, high ones kept, those between blended.
LLAMA3 = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}


def rope_factors():
    # As llama.cpp's converter writes them: what each frequency is divided by.
    out = []
    for i in range(HEAD_DIM // 2):
        wavelength = 2 * math.pi * LLAMA3["rope_theta"] ** (2 * i / HEAD_DIM)
        turns = LLAMA3["original_max_position_embeddings"] / wavelength
        low, high, factor = LLAMA3["low_freq_factor"], LLAMA3["high_freq_factor"], LLAMA3["factor"]
        kept = min(max((turns - low) / (high - low), 0.0), 1.0)
        out.append(1 / ((1 - kept) / factor + kept))
    return np.array(out, dtype=np.float32)

NORMS = {"input_layernorm": "attn_norm", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm"}
MATRICES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
            "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}


def gguf_name(family, name):
    name = name.removeprefix("model.")
    top = {"embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight", "lm_head.weight": "output.weight"}
    if name in top:
        return top[name]
    _, layer, rest = name.split(".", 2)
    base, kind = rest.rsplit(".", 1)
    names = dict(NORMS, **MATRICES)
    if family in ("gemma2", "gemma3"):
        names.update({"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
                      "post_feedforward_layernorm": "post_ffw_norm"})
    else:
        names["post_attention_layernorm"] = "ffn_norm"
    return f"blk.{layer}.{names[base]}.{kind}"


def permute(w, heads):
    # llama.cpp's layout: rows of a head from halves (i, i + n/2) to adjacent pairs
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def tensors_of(family, model):
    out = {}
    for name, value in model.state_dict().items():
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        array = value.detach().numpy().astype(np.float32)
        target = gguf_name(family, name)
        if family == "llama" and ".attn_q." in target:
            array = permute(array, HEADS)
        if family == "llama" and ".attn_k." in target:
            array = permute(array, KV_HEADS)
        if family.startswith("gemma") and "norm" in target:
            array = array + 1.0
        out[target] = (name, array)
    if model.config.rope_parameters.get("rope_type") == "llama3":
        out["rope_freqs.weight"] = (None, rope_factors())
    return out


def write(path, family, model, tensors, quant):
    arch, c = family, model.config
    w = gguf.GGUFWriter(path, arch)
    w.add_name(f"golden {family}")
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(WIDTH)
    w.add_block_count(c.num_hidden_layers)
    w.add_feed_forward_length(FFN)
    w.add_head_count(HEADS)
    w.add_head_count_kv(KV_HEADS)
    w.add_key_length(HEAD_DIM)
    w.add_value_length(HEAD_DIM)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    if family == "gemma3":
        w.add_rope_freq_base(1e6)
    else:
        w.add_rope_freq_base(c.rope_parameters["rope_theta"])
    if family == "llama":
        w.add_rope_dimension_count(HEAD_DIM)
    if family in ("gemma2", "gemma3"):
        w.add_sliding_window(c.sliding_window)
    if family == "gemma2":
        w.add_attn_logit_softcapping(50.0)
        w.add_final_logit_softcapping(30.0)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list([f"t{i}" for i in range(VOCAB)])
    w.add_token_types([1] * VOCAB)
    w.add_token_merges([])
    for name, (_, array) in tensors.items():
        if quant is not None and array.ndim == 2:
            w.add_tensor(name, gguf.quants.quantize(array, quant), raw_dtype=quant)
        else:
            w.add_tensor(name, array)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def load_dequantised(family, model, tensors, quant):
    state = model.state_dict()
    for name, (hf_name, array) in tensors.items():
        if array.ndim != 2:
            continue
        back = gguf.quants.dequantize(gguf.quants.quantize(array, quant), quant)
        if family == "llama" and (".attn_q." in name or ".attn_k." in name):
            heads = HEADS if ".attn_q." in name else KV_HEADS
            back = back.reshape(heads, back.shape[0] // heads // 2, 2, -1).swapaxes(1, 2).reshape(back.shape)
        state[hf_name] = torch.from_numpy(np.ascontiguousarray(back))
    if model.config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state)


def logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].float().numpy().astype("<f4")


def main():
    for n, (folder, make) in enumerate(FAMILIES.items()):
        if len(sys.argv) > 1 and folder not in sys.argv[1:]:
            continue
        family = ARCHITECTURES.get(folder, folder)
        torch.manual_seed(1000 + n)
        model = make().eval().float()
        with torch.no_grad():  # norms and biases away from their trivial initial values
            for name, p in model.named_parameters():
                if p.ndim == 1:
                    p.add_(torch.randn_like(p) * 0.1)
        rng = np.random.default_rng(n)
        ids = [int(i) for i in rng.integers(0, VOCAB, N_IDS)]
        out = HERE / folder
        out.mkdir(exist_ok=True)
        tensors = tensors_of(family, model)
        (out / "ids.json").write_text(json.dumps({"ids": ids}) + "\n")
        write(out / "model.gguf", family, model, tensors, None)
        logits(model, ids).tofile(out / "logits.bin")
        for tag, quant in (("q8_0", gguf.GGMLQuantizationType.Q8_0), ("q4_0", gguf.GGMLQuantizationType.Q4_0)):
            write(out / f"model-{tag}.gguf", family, model, tensors, quant)
            copy = make().eval().float()
            copy.load_state_dict(model.state_dict())
            load_dequantised(family, copy, tensors, quant)
            logits(copy, ids).tofile(out / f"logits-{tag}.bin")
        (out / "PROVENANCE.md").write_text(
            f"# {folder}\n\nA random checkpoint (seed {1000 + n}), {sum(p.numel() for p in model.parameters())} parameters, written by "
            f"../generate.py with transformers {tf.__version__}, torch {torch.__version__.split('+')[0]}, gguf 0.19.0, float32, "
            "eager attention.\nNo trained weights; nothing here is anyone else's.\n")
        print(family, "ok", float(np.abs(np.fromfile(out / "logits.bin", "<f4")).max()))


main()
