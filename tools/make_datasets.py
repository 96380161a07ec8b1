#!/usr/bin/env python3
"""Writes data/datasets.json from whole evaluation sets: make_datasets.py DATASETS_DIR [OUT].

DATASETS_DIR holds the sets in the folders that data/tasks/*.yaml name. Sizes and digests are those of the files there; where the sets come
from is the table below. docs/formats/datasets.md.
"""
import hashlib
import json
import pathlib
import sys

# Name; title; licence; what the licence keeps from some users; repository; commit; what stands before a file's name there (of a single file:
# its whole path). Folder by folder where there are several.
SETS = [
    ("gsm8k", "GSM8K, test", "MIT", "", "openai/grade-school-math", "3101c7d5072418e28b9008a6636bde82a006892c",
     {"gsm8k/": "grade_school_math/data/"}),
    ("mgsm", "MGSM, 11 languages", "CC-BY-4.0", "", "google-research/url-nlp", "452a21a", {"mgsm/": "mgsm/"}),
    ("cmath", "CMATH, dev", "CC-BY-4.0", "", "XiaoMi/cmath", "9fa13ef0b2d03f5a18c1ace7001248d3981d65ea", {"cmath/": "datasets/"}),
    ("cmmlu", "CMMLU, test and dev", "CC-BY-NC-SA-4.0", "non-commercial", "haonan-li/CMMLU", "d6e7b71",
     {"cmmlu/test/": "data/test/", "cmmlu/dev/": "data/dev/"}),
    ("xcopa", "XCOPA, Chinese test", "CC-BY-4.0", "", "cambridgeltl/xcopa", "e2e9d7f", {"xcopa/": "data/zh/"}),
    ("c3", "C3, dialogue and mixed, test", "research only", "non-commercial", "nlpdata/c3", "1f41682", {"c3/": "data/"}),
    ("flores", "FLORES-200, devtest, 29 languages", "CC-BY-SA-4.0", "", "genggui001/opencompass", "5649a0f",
     {"flores/": "data/flores200_dataset/devtest/"}),
    ("hellaswag", "HellaSwag, validation", "MIT", "", "klosax/hellaswag_text_data", "1105d37", {"hellaswag/": ""}),
    ("piqa", "PIQA, validation", "AFL-3.0", "", "ybisk/ybisk.github.io", "21edab4", {"piqa/": "piqa/data/"}),
    ("safetybench", "SafetyBench, Chinese subset", "MIT", "", "thu-coai/SafetyBench", "9608336", {"safetybench/": "opensource_data/"}),
    ("ifeval", "IFEval", "Apache-2.0", "", "mlcommons/mlperf_client", "b0e1d4520142e2cf4ee064a9eeed50a36444b30a",
     {"ifeval/": "tools/accuracy/ifeval/instruction_following_eval/data/"}),
    ("humaneval", "HumanEval", "MIT", "", "openai/human-eval", "6d43fb9", {"humaneval/": "data/"}),
    ("humanevalplus", "HumanEval+, mini", "Apache-2.0", "", "evalplus/humanevalplus_release",
     "200defce9e3429d28ca215b6dd061c0f7f31c18b", {"humanevalplus/": ""}),
    ("mbppplus", "MBPP+", "Apache-2.0", "", "evalplus/mbppplus_release", "dadf43d", {"mbppplus/": ""}),
]
# {repository}, {commit} and {path} are put in; asked in this order.
ADDRESSES = [
    "https://raw.githubusercontent.com/{repository}/{commit}/{path}",
    "https://github.com/{repository}/raw/{commit}/{path}",
]


def files_of(root, folders):
    for folder, there in folders.items():
        for path in sorted((root / folder).iterdir()):
            if path.is_file():
                data = path.read_bytes()
                yield {"file": folder + path.name, "path": there + path.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def text_of(sets):
    """JSON with a file a line: a change of one is a line of a diff."""
    out = ['{', '"format": 1,', f'"addresses": {json.dumps(ADDRESSES)},', '"sets": [']
    for position, (name, title, licence, limit, repository, commit, files) in enumerate(sets):
        head = {"name": name, "title": title, "license": licence, "limit": limit, "repository": repository, "commit": commit}
        out.append(json.dumps(head)[:-1] + ', "files": [')
        out.append(",\n".join("  " + json.dumps(file) for file in files))
        out.append("]}" + ("," if position + 1 < len(sets) else ""))
    return "\n".join(out + ["]}", ""])


def main():
    root = pathlib.Path(sys.argv[1])
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path(__file__).resolve().parent.parent / "data/datasets.json"
    sets = [(*about, list(files_of(root, folders))) for *about, folders in SETS]
    text = text_of(sets)
    json.loads(text)
    out.write_text(text, encoding="utf-8")
    print(f"{out}: {len(sets)} sets, {sum(len(files) for *_, files in sets)} files")


if __name__ == "__main__":
    main()
