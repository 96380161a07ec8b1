#include "lab/graders/code_extract.h"

#include <string>

#include <gtest/gtest.h>

namespace slm::lab {
namespace {

const std::string kPrompt = "from typing import List\n\n\ndef add(a, b):\n    \"\"\"Sum.\"\"\"\n";
const std::string kTask = "\"\"\"\nWrite a function to add.\nassert add(1, 2) == 3\n\"\"\"\n";  // MBPP's kind of prompt

std::string extract(const std::string& answer) { return extract_program(answer, kPrompt, "add"); }

TEST(ExtractProgram, ContinuationIsCutWhereSomethingNewBegins) {
  const std::string whole = kPrompt + "\n    return a + b\n";
  EXPECT_EQ(extract("    return a + b\n\ndef other():\n    pass\n"), whole);
  EXPECT_EQ(extract("\n    return a + b\n\nprint(add(1, 2))"), whole);
  EXPECT_EQ(extract("    return a + b\n\nif __name__ == '__main__':\n    add(1, 2)"), whole);
  EXPECT_EQ(extract("    return a + b\n\n# Next task"), whole);
  EXPECT_EQ(extract("    return a + b\n\nclass A: pass"), whole);
  EXPECT_EQ(extract("    return a + b\n```\nIt adds.\n```python\ndef add(a, b):\n    return 0\n```"), whole);
  EXPECT_EQ(extract("\treturn a + b"), kPrompt + "\n\treturn a + b");
  // What is indented belongs to the body.
  EXPECT_EQ(extract("    if a:\n        print(a)\n    # sum\n    return a + b"), kPrompt + "\n    if a:\n        print(a)\n    # sum\n    return a + b");
}

TEST(ExtractProgram, LastFencedBlockThatDefinesTheFunction) {
  EXPECT_EQ(extract("Sure:\n```python\nimport os\ndef add(a, b):\n    return a + b\n```\nUse it:\n```python\nprint(add(1, 2))\n```"),
            "import os\ndef add(a, b):\n    return a + b\n");
  EXPECT_EQ(extract("First:\n```\ndef add(a, b):\n    return 0\n```\nBetter:\n```py\ndef add(a, b):\n    return a + b\n```"),
            "def add(a, b):\n    return a + b\n");
  EXPECT_EQ(extract("1. So:\n   ```python\n   def add(a, b):\n       return a + b\n   ```"), "def add(a, b):\n    return a + b\n");
  EXPECT_EQ(extract("Here:\r\n```python\r\ndef add(a, b):\r\n    return a + b\r\n```\r\n"), "def add(a, b):\r\n    return a + b\r\n");
  EXPECT_EQ(extract("So:\n```python\nadd = lambda a, b: a + b\n```"), "add = lambda a, b: a + b\n");
  // Cut off at the token limit, or with the fence on a line of code.
  EXPECT_EQ(extract("Sure:\n```python\ndef add(a, b):\n    return a +"), "def add(a, b):\n    return a +\n");
  EXPECT_EQ(extract("Use ```add(1)``` so:\n```\ndef add(a, b):\n    return a\n```"), "def add(a, b):\n    return a\n");
  // Not another function whose name begins alike, nor a call.
  EXPECT_EQ(extract("```python\ndef adder(a, b):\n    return a + b\n```"), "");
  EXPECT_EQ(extract("```python\nadd == 3\nadd(1, 2)\n```"), "");
}

TEST(ExtractProgram, CodeFromTheFirstLineOn) {
  EXPECT_EQ(extract("def add(a, b):\n    return a + b\n```\nThis adds.\n```python\ndef add(a, b): return 'example'\n```"),
            "def add(a, b):\n    return a + b\n");
  EXPECT_EQ(extract_program("import math\n\ndef add(a, b):\n    return a + b\n[DONE]\n\nProblem", kTask, "add"),
            "import math\n\ndef add(a, b):\n    return a + b\n");
  EXPECT_EQ(extract_program("def add(a, b):\n    return a + b\n\nassert add(1, 2) == 4", kTask, "add"), "def add(a, b):\n    return a + b\n\n");
}

TEST(ExtractProgram, CodeBetweenProse) {
  EXPECT_EQ(extract("The function is\n\nimport math\nLIMIT = 3\ndef add(a, b):\n    return a + b\n\nThis adds the two.\n"),
            "import math\nLIMIT = 3\ndef add(a, b):\n    return a + b\n\n");
  EXPECT_EQ(extract("from the above, we see\ndef add(a, b):\n    return a\n"), "def add(a, b):\n    return a\n");
}

TEST(ExtractProgram, BlockWithTheBodyAlone) {
  EXPECT_EQ(extract("The body:\n```python\n    return a + b\n```"), kPrompt + "\n    return a + b\n");
  EXPECT_EQ(extract_program("The body:\n```python\n    return a + b\n```", kTask, "add"), "");
}

TEST(ExtractProgram, NoCode) {
  for (const char* answer : {"", "\n\n  \n", "I cannot do that.", "```", "```python\n```", "def", "```\n```\n```", "    "}) {
    EXPECT_EQ(extract(answer), "") << answer;
  }
  EXPECT_EQ(extract_program("", "", ""), "");
}

}  // namespace
}  // namespace slm::lab
