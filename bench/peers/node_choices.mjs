// Scores PIQA with llama.cpp (node-llama-cpp, npm, prebuilt), from the makers' files and by lm-evaluation-harness's rules, with nothing of slm's in
// between; then compares item by item with what `slm eval run piqa MODEL --json` wrote.
//
//   npm install node-llama-cpp@3.22.1
//   node node_choices.mjs MODEL.gguf valid.jsonl valid-labels.lst RUN.json [ITEMS]
//
// ITEMS (default: all) are the first of RUN.json's. Prints both scores and on how many items the two agree; writes nothing.
import fs from "node:fs";
import {getLlama} from "node-llama-cpp";

const [path, questions, labels, run, limit] = process.argv.slice(2);
const lines = (file) => fs.readFileSync(file, "utf8").split("\n").filter((line) => line !== "");
const items = lines(questions).map((line) => JSON.parse(line)), right = lines(labels).map(Number);
const records = JSON.parse(fs.readFileSync(run, "utf8")).records.slice(0, limit ? Number(limit) : undefined);

const llama = await getLlama({gpu: false, build: "never", logLevel: "error", maxThreads: 1});
const model = await llama.loadModel({modelPath: path});
const context = await model.createContext({contextSize: 1024});
const sequence = context.getSequence();

// As lm-evaluation-harness: the whole is encoded, and what is behind the context's own tokens is the continuation.
async function logLikelihood(before, ending) {
  const whole = model.tokenize(before + ending), start = model.tokenize(before).length;
  await sequence.clearHistory();
  // The id at i is predicted behind the one at i - 1.
  const asked = whole.slice(0, -1).map((id, i) => (i + 1 >= start ? [id, {generateNext: {probabilities: true}}] : id));
  const evaluated = await sequence.controlledEvaluate(asked);
  let sum = 0;
  for (let i = start; i < whole.length; i++) sum += Math.log(evaluated[i - 1].next.probabilities.get(whole[i]) ?? 1e-30);
  return sum;
}

let ours = 0, theirs = 0, same = 0, difference = 0;
for (const [n, record] of records.entries()) {
  const item = items[record.item], endings = [item.sol1, item.sol2];
  const sums = [];
  for (const ending of endings) sums.push(await logLikelihood(`Question: ${item.goal}\nAnswer:`, " " + ending));
  const normed = sums.map((sum, i) => sum / [...endings[i]].length);
  const grade = (normed[1] > normed[0] ? 1 : 0) === right[record.item];
  ours += record.grade;
  theirs += grade;
  same += record.grade === grade;
  difference += Math.abs(sums[0] - record.scores[0]) + Math.abs(sums[1] - record.scores[1]);
  if ((n + 1) % 100 === 0 || n + 1 === records.length) {
    console.log(`${n + 1} items: slm ${(100 * ours / (n + 1)).toFixed(2)}, llama.cpp ${(100 * theirs / (n + 1)).toFixed(2)}, the same verdict on ` +
                `${same}, mean difference of a log-likelihood ${(difference / 2 / (n + 1)).toFixed(3)} nats`);
  }
}
