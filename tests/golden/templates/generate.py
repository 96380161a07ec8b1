#!/usr/bin/env python3
"""Writes contexts.json and expected-*.json: what transformers 5.23.0 with jinja2 3.1.6 renders.

    python generate.py [FOLDER_OF_TOKENIZERS]

Every template is rendered in every context by the environment that transformers compiles chat templates in, with the clock at
2026-07-04 13:05:09. An error is written as null: the message is jinja2's own affair. expected-own.json: the templates of own/ and
smollm2.jinja. expected-shared.json: the chat_template of each tokenizer_config.json.xz in FOLDER_OF_TOKENIZERS (not kept here),
with the text's sha256.
"""
import datetime
import hashlib
import json
import lzma
import pathlib
import sys

import transformers
import transformers.utils.chat_template_utils as chat

HERE = pathlib.Path(__file__).parent


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 7, 4, 13, 5, 9)


chat.datetime = FixedClock


def tool(name, properties, required=()):
    return {"type": "function", "function": {"name": name, "description": f"Does {name}.", "parameters": {
        "type": "object", "properties": properties, "required": list(required)}}}


def call(name, arguments):
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


def context(messages, generate=True, tools=None, **more):
    return {"messages": messages, "tools": tools, "documents": None, "add_generation_prompt": generate,
            "bos_token": "<s>", "eos_token": "</s>", **more}


def message(role, content, **more):
    return {"role": role, "content": content, **more}


WEATHER = tool("get_weather", {"city": {"type": "string", "description": "A city"}, "days": {"type": "integer"}}, ["city"])
SEARCH = tool("search", {"q": {"type": "string", "description": "说什么 <b>\"x\"</b>"}})

CONTEXTS = {
    "one_question": context([message("user", "Hello, what is a llama?")]),
    "system": context([message("system", "You are terse."), message("user", "  Hi there.  ")]),
    "multi_turn": context([message("user", "one"), message("assistant", "two"), message("user", "three"),
                           message("assistant", "four")], generate=False),
    "tools": context([message("system", "Use tools."), message("user", "Weather in Paris?")], tools=[WEATHER, SEARCH]),
    "tool_results": context([
        message("user", "Weather in Paris and Rome?"),
        message("assistant", "", tool_calls=[call("get_weather", {"city": "Paris"}), call("get_weather", {"city": "Rome"})]),
        message("tool", '{"t": 21}', name="get_weather"), message("tool", '{"t": 25}', name="get_weather"),
        message("assistant", "21 and 25."), message("user", "Thanks")], tools=[WEATHER]),
    "unicode": context([message("system", "用中文回答。"), message("user", "Straße ﬁ İé \u00a0 日本 😀\u200b ΑΣ <|im_end|>")]),
    "no_user": context([message("system", "S"), message("assistant", "I begin.")]),
    "empty_content": context([message("user", ""), message("assistant", ""), message("user", " \n ")]),
    "nested_arguments": context([
        message("user", "go"),
        message("assistant", "ok", tool_calls=[call("plan", {
            "steps": [{"n": 1, "tags": ["a", "b"], "opt": None}, {"n": 2, "tags": [], "deep": {"x": {"y": [[]]}}}],
            "é": "日本\n\"q\"\\", "ok": True})]),
        message("tool", "done")], tools=[SEARCH]),
    "numbers": context([message("user", "1 2 3"),
                        message("assistant", "x", tool_calls=[call("f", {"i": -3, "f": 1.5, "big": 1e22, "small": 1e-7,
                                                                         "one": 1.0, "t": False})])],
                       generate=False, enable_thinking=False, date_string="26 Jul 2024",
                       numbers={"a": 0, "b": 12345678901, "c": 0.1, "d": -0.0, "e": 100000.0}),
    "parts": context([message("user", [{"type": "text", "text": " look "}, {"type": "image"}]),
                      message("assistant", [{"type": "text", "text": "seen"}])]),
    "thoughts": context([message("user", "Q1"), message("assistant", "<think>\nhmm\n</think>\n\nA1"), message("user", "Q2"),
                         message("assistant", "A2", reasoning_content="because")], generate=False),
}


def render(template, variables):
    try:
        compiled = chat._compile_jinja_template(template)
        return compiled.render(**chat._plain_template_data(variables))
    except Exception:  # whatever it raises, it is an error in both
        return None


def write(name, data):
    (HERE / name).write_text(json.dumps(data, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def rendered(templates):
    return {name: [render(text, variables) for variables in CONTEXTS.values()] for name, text in templates.items()}


def main():
    assert transformers.__version__ == "5.23.0"
    write("contexts.json", CONTEXTS)
    own = {path.stem: path.read_text(encoding="utf-8") for path in sorted((HERE / "own").glob("*.jinja"))}
    own["smollm2"] = (HERE / "smollm2.jinja").read_text(encoding="utf-8")
    write("expected-own.json", rendered(own))
    if len(sys.argv) > 1:
        shared = {}
        for path in sorted(pathlib.Path(sys.argv[1]).glob("*/tokenizer_config.json.xz")):
            template = json.loads(lzma.open(path).read()).get("chat_template")
            if template:
                shared[path.parent.name] = template
        write("expected-shared.json", {
            "sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in shared.items()},
            "expected": rendered(shared)})


if __name__ == "__main__":
    main()
