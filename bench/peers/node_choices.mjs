// Scores PIQA or HellaSwag with llama.cpp (node-llama-cpp, npm, prebuilt), from the makers' files and by lm-evaluation-harness's rules, with nothing of
// slm's in between; then compares item by item with what `slm eval run TASK MODEL --json` wrote.
//
//   npm install node-llama-cpp@3.22.1
//   node node_choices.mjs piqa MODEL.gguf RUN.json valid.jsonl valid-labels.lst [ITEMS]
//   node node_choices.mjs hellaswag MODEL.gguf RUN.json hellaswag_val_full.txt [ITEMS]     (unpacked)
//
// ITEMS (default: all) are the first of RUN.json's. Prints both scores and on how many items the two agree; writes nothing.
import fs from "node:fs";
import {getLlama} from "node-llama-cpp";

const [task, path, run, ...files] = process.argv.slice(2);
const limit = /^\d+$/.test(files.at(-1)) ? Number(files.pop()) : undefined;
const lines = (file) => fs.readFileSync(file, "utf8").split("\n").filter((line) => line !== "");

function piqa() {
  const labels = lines(files[1]).map(Number);
  return lines(files[0]).map((line, i) => {
    const item = JSON.parse(line);
    return {before: `Question: ${item.goal}\nAnswer:`, endings: [item.sol1, item.sol2], right: labels[i]};
  });
}

// The harness's: titles become full stops, other brackets go, double spaces become single; the last fragment of the context is capitalised.
const clean = (text) => text.trim().replaceAll(" [title]", ". ").replace(/\[.*?\]/g, "").replaceAll("  ", " ");

// Six lines an item: "activity: context", the number of the right ending, four endings.
function hellaswag() {
  const all = lines(files[0]), items = [];
  for (let i = 0; i + 6 <= all.length; i += 6) {
    const stop = all[i].lastIndexOf(". ");
    const at = stop < 0 ? all[i].length : stop + 2;
    const context = all[i].slice(0, at) + all[i].slice(at, at + 1).toUpperCase() + all[i].slice(at + 1);
    items.push({before: clean(context), endings: all.slice(i + 2, i + 6).map(clean), right: Number(all[i + 1])});
  }
  return items;
}

const items = {piqa, hellaswag}[task]();
const records = JSON.parse(fs.readFileSync(run, "utf8")).records.slice(0, limit);
const llama = await getLlama({gpu: false, build: "never", logLevel: "error", maxThreads: 1});
const model = await llama.loadModel({modelPath: path});
const context = await model.createContext({contextSize: 1024});
const sequence = context.getSequence();

// As the harness: the whole is encoded, and what is behind the context's own tokens is the continuation.
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

let ours = 0, theirs = 0, same = 0;
for (const [n, record] of records.entries()) {
  const {before, endings, right} = items[record.item];
  const normed = [];
  for (const ending of endings) normed.push((await logLikelihood(before, " " + ending)) / [...ending].length);
  const grade = normed.indexOf(Math.max(...normed)) === right;
  ours += record.grade;
  theirs += grade;
  same += record.grade === grade;
  if ((n + 1) % 100 === 0 || n + 1 === records.length) {
    const percent = (count) => ((100 * count) / (n + 1)).toFixed(2);
    console.log(`${n + 1} items: slm ${percent(ours)}, llama.cpp ${percent(theirs)}, the same verdict on ${same}`);
  }
}
