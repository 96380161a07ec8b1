// Loads files in node-llama-cpp (npm, prebuilt) and compares its distributions with slm's, position by position.
//
//   npm install node-llama-cpp@3.22.1 && node node_ids.mjs path/to/slm MODEL.gguf...
//
// For 24 ids of the vocabulary: the best next id at each position, and the KL divergence of slm's top 64 (with what is left as
// one more outcome) from llama.cpp's. Text and ids only: this API is not for speed. Exits 1 when a file does not load, a best id
// differs that is not a near tie, or the mean KL is above 0.002.
import {execFileSync} from "node:child_process";
import {getLlama} from "node-llama-cpp";

const [slm, ...paths] = process.argv.slice(2);
const N_IDS = 24, TOP = 64, KL_BOUND = 0.002, NEAR_TIE = 0.1;

function slmPositions(path, ids) {
  const out = execFileSync(slm, ["logits", path, "--ids", ids.join(","), "--top", String(TOP), "--json"], {maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "ignore"]});
  return JSON.parse(out).positions;
}

function divergence(top, probabilities) {
  let kl = 0, restP = 1, restQ = 1;
  for (const {id, logprob} of top) {
    const p = probabilities.get(id) ?? 1e-12, q = Math.exp(logprob);
    kl += p * Math.log(Math.max(p, 1e-12) / Math.max(q, 1e-12));
    restP -= p;
    restQ -= q;
  }
  if (restP > 1e-6 && restQ > 1e-6) kl += restP * Math.log(restP / restQ);
  return kl;
}

const llama = await getLlama({gpu: false, build: "never", logLevel: "error"});
let failed = false;
for (const path of paths) {
  const model = await llama.loadModel({modelPath: path});
  const context = await model.createContext({contextSize: 256});
  const size = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
  const ids = Array.from({length: N_IDS}, (_, i) => 8 + (i * 7919 + i * i * 31) % (size - 16));
  const theirs = await context.getSequence().controlledEvaluate(ids.map((id) => [id, {generateNext: {probabilities: true}}]));
  const ours = slmPositions(path, ids);
  let same = 0, kl = 0, wide = 0;
  theirs.forEach((item, i) => {
    const [best, p] = [...item.next.probabilities.entries()].reduce((a, b) => (b[1] > a[1] ? b : a));
    const top = ours[i].top;
    if (top[0].id === best) same++;
    else if (Math.log(p) - Math.log(item.next.probabilities.get(top[0].id) ?? 1e-12) > NEAR_TIE) wide++;
    kl += divergence(top, item.next.probabilities) / N_IDS;
  });
  console.log(`${path}: same best id ${same}/${N_IDS}, mean KL ${kl.toExponential(2)}`);
  if (wide > 0 || kl > KL_BOUND) failed = true;
  await context.dispose();
  await model.dispose();
}
process.exit(failed ? 1 : 0);
