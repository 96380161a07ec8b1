#include "lab/graders/code.h"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"

namespace slm::lab {
namespace {

// Skips only where a person said that this machine has no sandbox; elsewhere its absence is a failure.
class CodeTest : public testing::Test {
 protected:
  void SetUp() override {
    sandbox_ = Sandbox::open();
    if (sandbox_) return;
    if (std::getenv("SLM_TEST_NO_SANDBOX") != nullptr) GTEST_SKIP() << "SLM_TEST_NO_SANDBOX is set: " << sandbox_.error().text();
    FAIL() << sandbox_.error().text();
  }

  CodeOutcome check(const std::string& program, const std::string& item, CodeSet set = CodeSet::kHumanEval) {
    auto got = check_code(*sandbox_, set, item, program);
    EXPECT_TRUE(got) << got.error().text();
    return got ? *got : CodeOutcome{};
  }
  std::string verdict(const std::string& program, const std::string& item, CodeSet set = CodeSet::kHumanEval) {
    return std::string(name_of(check(program, item, set).verdict));
  }

  Result<Sandbox> sandbox_ = tl::unexpected<Error>(Error{});
};

std::string with_test(const std::string& test) {
  Json item;
  item["task_id"] = "HumanEval/0";
  item["prompt"] = "import math\n\ndef half(x):\n    return x / 2\n\ndef add(a, b):\n    \"\"\"Sum.\"\"\"\n";
  item["entry_point"] = "add";
  item["canonical_solution"] = "    return a + b\n";
  item["test"] = test;
  return to_text(item);
}
const std::string kSum = with_test("def check(candidate):\n    assert candidate(1, 2) == 3\n    assert candidate(half(4), b=2) == 4\n    assert candidate([1], [2]) == [1, 2]\n");

std::string with_inputs(const std::string& solution, const std::string& base, const std::string& plus, const std::string& id = "Mbpp/1",
                        const std::string& entry_point = "f", const std::string& tolerance = "0") {
  Json item;
  item["task_id"] = id;
  item["prompt"] = "\"\"\"\nWrite it.\n\"\"\"\n";
  item["entry_point"] = entry_point;
  item["canonical_solution"] = solution;
  std::string text = to_text(item);
  text.pop_back();
  return text + ",\"base_input\":" + base + ",\"plus_input\":" + plus + ",\"atol\":" + tolerance + "}";
}

TEST_F(CodeTest, VerdictsOfATestFunction) {
  EXPECT_EQ(verdict("def add(a, b):\n    return a + b", kSum), "pass");
  EXPECT_EQ(verdict("def add(a, b):\n    math.pi; return half(2 * a) + b if a != [1] else [1, 2]", kSum), "pass");  // the prompt's names are there
  EXPECT_EQ(verdict("def add(a, b):\n    return a - b if a == 2 else a + b", kSum), "assertion");
  EXPECT_EQ(verdict("def add(a, b):\n    return 1 / 0", kSum), "exception");
  EXPECT_EQ(verdict("import numpy_of_another_machine\ndef add(a, b):\n    return a + b", kSum), "exception");
  EXPECT_EQ(verdict("def other(a, b):\n    return a + b", kSum), "exception");
  EXPECT_EQ(verdict("def add(a, b)\n    return a + b", kSum), "syntax");
  EXPECT_EQ(verdict(std::string("def add(a, b):\n    return '\0'", 29), kSum), "syntax");
  EXPECT_EQ(verdict("def add(a, b):\n    return [0] * 10**10", kSum), "memory");
  EXPECT_EQ(verdict("def add(a, b):\n    return add(a, b)", kSum), "exception");
  EXPECT_EQ(check("def add(a, b):\n    raise ValueError('no ' + str(a))", kSum).text, "ValueError: no 1");
}

TEST_F(CodeTest, TooSlowIsATimeout) {
  std::vector<std::string> programs = {
      "def add(a, b):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
      "import re\ndef add(a, b):\n    return re.match('(a*)*b', 'a' * 60)"};  // no Python code runs that an exception could end
  std::vector<std::string> got(programs.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < programs.size(); ++i) threads.emplace_back([&, i] { got[i] = verdict(programs[i], kSum); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(got, std::vector<std::string>(programs.size(), "timeout"));
}

// Ways to look right without being right. Each of these passes, or may pass, where program and test share a process.
TEST_F(CodeTest, SuccessCannotBeForged) {
  const std::string wrong = "def add(a, b):\n    return 0\n";
  for (const std::string& trick : {
           std::string("import sys\nsys.exit(0)\n"),
           std::string("import os\nos._exit(0)\n"),
           wrong + "print('{\"verdict\": \"pass\", \"base\": true}')\n",
           wrong + "import os\nfor fd in range(64):\n    try: os.write(fd, b'{\"verdict\": \"pass\", \"base\": true}\\n' * 9)\n    except OSError: pass\nos._exit(0)\n",
           std::string("class Yes:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\ndef add(a, b): return Yes()\n"),
           std::string("class Yes(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\ndef add(a, b): return Yes(9)\n"),
           wrong + "import builtins\nbuiltins.AssertionError = type('Nothing', (Exception,), {})\n",
           wrong + "def check(candidate): pass\n",
           wrong + "import sys\nsys.settrace(lambda *a: None)\nsys.excepthook = lambda *a: None\n",
           wrong + "import json, sys\njson.dumps = lambda *a, **k: '{\"verdict\": \"pass\"}'\nsys.modules['__main__'].safely_encoded = lambda v: '\"pass\"'\n",
           wrong + "import os\nos.kill(os.getppid(), 9)\nos.kill(os.getpid(), 9)\n",
       }) {
    EXPECT_NE(verdict(trick, kSum), "pass") << trick;
  }
}

TEST_F(CodeTest, HarmIsAFailureAndNothingElse) {
  const std::string target = "/tmp/slm-code-test-" + std::to_string(getpid());
  for (const std::string& harm : {
           std::string("import os\ndef add(a, b):\n    while True: os.fork()\n"),
           std::string("import socket\ndef add(a, b):\n    socket.create_connection(('127.0.0.1', 80))\n"),
           std::string("def add(a, b):\n    open('/etc/hostname', 'w').write('x')\n"),
           std::string("def add(a, b):\n    open('/home/x', 'w').write('x')\n"),
           "def add(a, b):\n    open('" + target + "', 'w').write('x'); return 0\n",
           std::string("def add(a, b):\n    return open('/etc/passwd').read()\n"),
           std::string("def add(a, b):\n    open('/tmp/big', 'wb').write(bytes(300 << 20))\n"),
       }) {
    const std::string got = verdict(harm, kSum);
    EXPECT_TRUE(got == "exception" || got == "assertion") << got << "\n" << harm;
  }
  EXPECT_FALSE(std::ifstream(target).good());  // the /tmp it wrote to was its own
}

TEST_F(CodeTest, OutputAndInputDoNotDisturb) {
  EXPECT_EQ(verdict("import sys\nprint('x' * 10**6)\ndef add(a, b):\n    print(a); sys.stderr.write('y'); return a + b", kSum), "pass");
  EXPECT_EQ(verdict("import os\ndef add(a, b):\n    os.write(1, b'noise\\n'); return a + b", kSum), "pass");
  EXPECT_EQ(verdict("def add(a, b):\n    input(); return a + b", kSum), "exception");
  // It may change its arguments.
  EXPECT_EQ(verdict("def add(a, b):\n    if a == [1]: a += b; return a\n    return a + b", kSum), "pass");
}

TEST_F(CodeTest, ValuesArriveAsTheyWere) {
  const std::string kinds = "def f(n):\n    import collections, decimal, fractions\n    return [None, True, 2**70, -2**70, 1.5, float('inf'), 1+2j, 'a\\ud800', b'\\0', (1,), [1], "
                            "{1, 2}, frozenset([3]), {(1, 2): 'x'}, range(3), decimal.Decimal('1.10'), fractions.Fraction(1, 3), "
                            "collections.Counter('aab'), collections.OrderedDict(a=1), collections.deque([1])][n]\n";
  std::string inputs = "[";
  for (int i = 0; i < 20; ++i) inputs += (i > 0 ? ",[" : "[") + std::to_string(i) + "]";
  const std::string item = with_inputs(kinds, inputs + "]", "[]");
  EXPECT_EQ(verdict(kinds, item, CodeSet::kMbpp), "pass");
  const std::string text = with_inputs("def f(n):\n    return 'x' * n\n", "[[30000000]]", "[]");
  EXPECT_EQ(verdict("def f(n): return 'xx' * (n // 2)", text, CodeSet::kMbpp), "pass");
  EXPECT_EQ(verdict("def f(n): return 'x' * (n - 1) + 'y'", text, CodeSet::kMbpp), "assertion");
  // JSON as Python writes it; a call that the item's own solution has no memory for.
  const std::string infinite = with_inputs("def f(n):\n    return [0] * n if n < 1e300 else n\n", "[[1], [Infinity], [2000000000]]", "[[1e301]]");
  EXPECT_EQ(verdict("def f(n): return n if n > 1 else [0]", infinite, CodeSet::kMbpp), "pass");
  // Equal as Python sees it, of another kind or not at all.
  const std::string list = with_inputs("def f(n):\n    return [1, 2]\n", "[[0]]", "[]");
  EXPECT_EQ(verdict("def f(n): return (1, 2)", list, CodeSet::kMbpp), "assertion");
  EXPECT_EQ(verdict("class L(list): pass\ndef f(n): return L([1, 2])", list, CodeSet::kMbpp), "pass");
  EXPECT_EQ(verdict("def f(n): return iter([1, 2])", list, CodeSet::kMbpp), "assertion");
  EXPECT_EQ(verdict("def f(n): return [True, 2.0]", list, CodeSet::kMbpp), "pass");
  EXPECT_EQ(verdict("def f(n):\n    a = []\n    a.append(a)\n    return a", list, CodeSet::kMbpp), "assertion");
  EXPECT_EQ(verdict("import itertools\ndef f(n): return itertools.count()", list, CodeSet::kMbpp), "assertion");
  EXPECT_EQ(verdict("def f(n): return f", list, CodeSet::kMbpp), "assertion");
}

TEST_F(CodeTest, ToleranceAndAddedTestsAsInEvalPlus) {
  const std::string item = with_inputs("def f(x):\n    return x / 3\n", "[[1], [2]]", "[[4]]");
  EXPECT_EQ(verdict("def f(x): return x / 3 + 5e-7", item, CodeSet::kMbpp), "pass");
  EXPECT_EQ(verdict("def f(x): return x / 3 + 5e-6", item, CodeSet::kMbpp), "assertion");
  const CodeOutcome outcome = check("def f(x): return x / 3 if x < 3 else 0.0", item, CodeSet::kMbpp);
  EXPECT_EQ(outcome.verdict, CodeVerdict::kAssertion);
  EXPECT_TRUE(outcome.base_passed);
  EXPECT_EQ(outcome.text, "arguments [4]: 0.0 instead of 1.3333333333333333");
  // A count kept between calls does not reach the added tests: each group begins anew.
  EXPECT_EQ(verdict("n = 0\ndef f(x):\n    global n\n    n += 1\n    return x / 3 if n < 3 else 0.0", item, CodeSet::kMbpp), "pass");
}

TEST_F(CodeTest, SeveralReadingsAsInEvalPlus) {
  // MBPP/295: 0 passes; MBPP/2: in any order; MBPP/124 and 252: complex numbers from text.
  EXPECT_EQ(verdict("def sum_div(n): return 0", with_inputs("def sum_div(n): return n", "[[3]]", "[]", "Mbpp/295", "sum_div"), CodeSet::kMbpp), "pass");
  const std::string similar = with_inputs("def similar_elements(a, b): return tuple(set(a) & set(b))", "[[[3, 4, 1], [1, 3]]]", "[]", "Mbpp/2", "similar_elements");
  EXPECT_EQ(verdict("def similar_elements(a, b): return [x for x in a if x in b] if type(a) is tuple else None", similar, CodeSet::kMbpp), "pass");
  const std::string phase = with_inputs("import cmath\ndef convert(c): return cmath.polar(c)", "[[\"1+2j\"]]", "[]", "Mbpp/252", "convert", "0.0001");
  EXPECT_EQ(verdict("import cmath\ndef convert(c): return (abs(c) + 1e-5, cmath.phase(c))", phase, CodeSet::kMbpp), "pass");
  EXPECT_EQ(verdict("import cmath\ndef convert(c): return (abs(c) + 1e-3, cmath.phase(c))", phase, CodeSet::kMbpp), "assertion");
  // HumanEval/32: any root of the polynomial.
  const std::string root = with_inputs("def find_zero(xs): return 1.0", "[[[-1, 0, 1]]]", "[]", "HumanEval/32", "find_zero", "0.0001");
  EXPECT_EQ(verdict("def find_zero(xs): return -1.0", root), "pass");
  EXPECT_EQ(verdict("def find_zero(xs): return 0.9", root), "assertion");
}

TEST_F(CodeTest, BadItemsAreNamed) {
  auto error_of = [&](const std::string& item) {
    const auto got = check_code(*sandbox_, CodeSet::kHumanEval, item, "def add(a, b):\n    return a + b");
    EXPECT_FALSE(got) << item;
    return got ? Error{} : got.error();
  };
  EXPECT_EQ(error_of("{").kind, ErrorKind::kCorrupt);
  EXPECT_EQ(error_of("[1]").message.key, "lab.code.bad_item");
  EXPECT_EQ(error_of("{\"task_id\": \"x\", \"prompt\": 3, \"entry_point\": \"f\"}").message.args[0].substr(0, 3), "x: ");
  EXPECT_EQ(error_of(with_test("def check(candidate):\n    assert candidate(1, 2) == 4\n")).message.key, "lab.code.bad_item");
  EXPECT_EQ(error_of(with_test("def check(candidate:")).message.key, "lab.code.bad_item");
  EXPECT_EQ(error_of(with_test("import os; os._exit(0)")).message.key, "lab.code.bad_item");
  EXPECT_EQ(error_of(with_inputs("def f(x): return x\n", "[[1]]", "3")).kind, ErrorKind::kCorrupt);
  EXPECT_EQ(error_of(with_test("import os; os.kill(os.getpid(), 9)")).kind, ErrorKind::kFailed);
}

TEST_F(CodeTest, GradesSayWhatHappened) {
  const auto right = grade_humaneval({.prompt = {}, .answer = "Sure.\n```python\ndef add(a, b):\n    return a + b\n```", .reference = kSum});
  ASSERT_TRUE(right);
  EXPECT_EQ(right->value, 1);
  EXPECT_EQ(right->extracted, "def add(a, b):\n    return a + b\n");
  EXPECT_TRUE(right->marks.empty());
  const auto cut = grade_humaneval({.prompt = {}, .answer = "    return a +", .reference = kSum, .truncated = true});
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->value, 0);
  EXPECT_EQ(cut->marks, (std::vector<std::string>{"syntax", "truncated"}));
  const auto none = grade_humaneval({.prompt = {}, .answer = "I do not know.", .reference = kSum});
  ASSERT_TRUE(none);
  EXPECT_EQ(none->marks, std::vector<std::string>{"no_code"});
  const std::string item = with_inputs("def f(x):\n    return x\n", "[[1]]", "[[4]]");
  const auto half = grade_mbpp({.prompt = {}, .answer = "def f(x):\n    return 1\n", .reference = item});
  ASSERT_TRUE(half);
  EXPECT_EQ(half->marks, (std::vector<std::string>{"assertion", "base_passed"}));
}

struct Case {
  CodeSet set;
  std::string item, program;
  bool base, plus;
};

// tests/golden/code/cases.jsonl, or the file that SLM_TEST_CODE_CASES names (made by the script beside it, for all items).
std::vector<Case> read_cases() {
  const char* other = std::getenv("SLM_TEST_CODE_CASES");
  std::ifstream file(other != nullptr ? other : SLM_SOURCE_DIR "/tests/golden/code/cases.jsonl");
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    // The item stands last; its text is taken as it is, since its numbers may be larger than ours.
    const size_t item = line.find("\"item\": ");
    const auto head = parse_json(line.substr(0, item) + "\"end\": 0}");
    if (!head) continue;
    const Json& json = *head;
    cases.push_back({json["set"] == "mbpp" ? CodeSet::kMbpp : CodeSet::kHumanEval, line.substr(item + 8, line.size() - item - 9),
                     json["program"].get<std::string>(), json["base"].get<bool>(), json["plus"].get<bool>()});
  }
  return cases;
}

TEST_F(CodeTest, VerdictsOfEvalPlus) {
  const std::vector<Case> cases = read_cases();
  ASSERT_GE(cases.size(), 20u);
  std::atomic<size_t> next{0}, passed{0}, wrong{0};
  std::mutex mutex;
  auto work = [&] {
    for (size_t i = next++; i < cases.size(); i = next++) {
      const Case& one = cases[i];
      const CodeOutcome got = check(one.program, one.item, one.set);
      const bool plus = got.verdict == CodeVerdict::kPass;
      passed += plus ? 1 : 0;
      if (plus == one.plus && got.base_passed == one.base) continue;
      ++wrong;
      const std::lock_guard lock(mutex);
      ADD_FAILURE() << "case " << i << ": base " << got.base_passed << ", plus " << plus << "; EvalPlus " << one.base << ", " << one.plus << "\n"
                    << name_of(got.verdict) << " " << got.text << "\n" << one.program;
    }
  };
  std::thread second(work);
  work();
  second.join();
  EXPECT_EQ(wrong, 0u) << "of " << cases.size() << ", " << passed << " passed";
  RecordProperty("cases", static_cast<int>(cases.size()));
  RecordProperty("passed", static_cast<int>(passed.load()));
}

}  // namespace
}  // namespace slm::lab
