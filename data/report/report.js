"use strict";
(() => {
  const { comparison: run, summary, texts } = JSON.parse(document.getElementById("data").textContent);
  const [modelA, modelB] = run.models;
  const ITEMS_AT_ONCE = 20;
  let language = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
  const opened = new Map();  // row id -> what the reader chose there

  // --- texts and numbers

  const known = (key) => Object.hasOwn(texts[language], key);
  // "{0}" in a text stands for the first argument.
  const t = (key, ...args) => (known(key) ? texts[language][key].replace(/\{(\d)\}/g, (_, n) => args[n] ?? "") : key);
  // A text with its two languages, a plain one, or a list or an object of them.
  function textOf(value) {
    if (value === null || value === undefined) return "";
    if (Array.isArray(value)) return value.map(textOf).filter(Boolean).join("\n");
    if (typeof value !== "object") return String(value);
    if (typeof value[language] === "string") return value[language];
    if (value.texts ?? value.text) {  // a piece of evidence
      const sources = Array.isArray(value.sources) && value.sources.length ? ` [${value.sources.map(textOf).join("; ")}]` : "";
      return textOf(value.texts ?? value.text) + sources;
    }
    return Object.entries(value).map(([key, inner]) => `${key}: ${textOf(inner)}`).join("\n");
  }
  const labelOf = (row) => textOf(row.labels ?? row.label);
  const reasonOf = (row) => textOf(row.reasons ?? row.reason);

  // Three figures: 812, 81.2, 8.12, 0.812.
  function figure(value) {
    const size = Math.abs(value);
    return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
  }
  const signed = (text) => (text.startsWith("-") ? text : "+" + text);
  // Rates are shown in points of a hundred.
  const isRate = (row) => row.records.some((record) => typeof record.grade === "boolean");
  const effectOf = (row) => (row.ratio !== null ? row.ratio : row.difference);
  function effectText(row, value) {
    if (row.ratio !== null) return figure(value);
    return signed(isRate(row) ? (100 * value).toFixed(1) : figure(value));
  }
  const probability = (letter, p) => (p < 0.001 ? `${letter} < 0.001` : `${letter} = ${p.toFixed(p < 0.1 ? 3 : 2)}`);

  // --- elements; text goes in as text nodes only

  const SVG = "http://www.w3.org/2000/svg";
  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== ""));
    return element;
  }
  const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
  const name = (model) => el("bdi", {}, model.name);
  const letter = (side) => el("span", { class: `letter ${side}` }, side.toUpperCase());
  const number = (value, text) => el("data", { value: String(value) }, text);
  const measuredHere = () => `${t("lab.report.page.measured")} (A ${kindOf(modelA)}, B ${kindOf(modelB)})`;
  const kindOf = (model) => t(`lab.kind.${model.kind}`);

  // --- charts

  // The range that all effects of a section and kind share, the point of no difference included.
  function rangeOf(rows, low, high) {
    let range = [low, high];
    for (const row of rows) {
      const ends = [effectOf(row), ...(row.interval ?? [])].filter((value) => Number.isFinite(value) && (row.ratio === null || value > 0));
      range = [Math.min(range[0], ...ends), Math.max(range[1], ...ends)];
    }
    return range;
  }
  const chartKind = (row) => (row.ratio !== null ? "ratio" : isRate(row) ? "rate" : "difference");
  function scalesOf(rows) {
    const scales = {};
    for (const kind of ["ratio", "rate", "difference"]) {
      const those = rows.filter((row) => effectOf(row) !== null && chartKind(row) === kind);
      if (kind === "ratio") {
        const [low, high] = rangeOf(those, 0.9, 1.1).map(Math.log);
        scales[kind] = (value) => 14 + (232 * (Math.log(Math.max(value, Number.MIN_VALUE)) - low)) / (high - low);
      } else {
        const least = kind === "rate" ? 0.05 : 1e-9;
        const [low, high] = rangeOf(those, -least, least);
        scales[kind] = (value) => 14 + (232 * (value - low)) / (high - low);
      }
    }
    return scales;
  }

  // The effect as a dot, its interval as a bar with ends, "no difference" as a dashed line.
  function effectChart(row, scales) {
    const effect = effectOf(row);
    if (effect === null || (row.ratio !== null && effect <= 0)) return "";
    const at = scales[chartKind(row)];
    const none = row.ratio !== null ? 1 : 0;
    const range = row.interval && row.interval.every((end) => end !== null) ? row.interval : null;
    const description = range
      ? t("lab.report.page.chart", labelOf(row), effectText(row, effect), effectText(row, range[0]), effectText(row, range[1]))
      : t("lab.report.page.chart_bare", labelOf(row), effectText(row, effect));
    const place = Math.min(Math.max(at(none), 30), 230);
    const marks = svg("g", { class: `effect ${row.verdict}` });
    if (range) {
      const [low, high] = range.map((end) => Math.min(Math.max(at(end), 2), 258));
      marks.append(svg("line", { x1: low, x2: high, y1: 13, y2: 13 }));
      for (const x of [low, high]) marks.append(svg("line", { x1: x, x2: x, y1: 8, y2: 18 }));
    }
    marks.append(svg("circle", { cx: at(effect), cy: 13, r: 4 }));
    return svg("svg", { viewBox: "0 0 260 36", role: "img", "aria-label": description },
      svg("title", {}, description),
      svg("line", { class: "zero", x1: at(none), x2: at(none), y1: 2, y2: 24 }),
      marks,
      svg("text", { x: place, y: 34, "text-anchor": "middle" }, row.ratio !== null ? "A = B" : "0"),
      svg("text", { x: 2, y: 34 }, place > 70 ? "A < B" : ""),
      svg("text", { x: 258, y: 34, "text-anchor": "end" }, place < 190 ? "A > B" : ""));
  }

  // Every measured value as a dot, one line a model, the median as a stroke.
  function valuesChart(row) {
    const of = (side) => pairsOf(row).flatMap((pair) => pair[side]).map((record) => record.grade).filter((grade) => typeof grade === "number");
    const sides = [["a", of("a"), row.a], ["b", of("b"), row.b]];
    const all = sides.flatMap(([, values]) => values);
    if (all.length === 0) return "";
    const [low, high] = [all.reduce((x, y) => Math.min(x, y)), all.reduce((x, y) => Math.max(x, y))];
    const at = (value) => 24 + (high > low ? (222 * (value - low)) / (high - low) : 111);
    const description = t("lab.report.page.values", labelOf(row), figure(low), figure(high));
    const chart = svg("svg", { viewBox: "0 0 260 58", role: "img", "aria-label": description }, svg("title", {}, description));
    sides.forEach(([side, values, middle], line) => {
      const y = 12 + 20 * line;
      chart.append(svg("text", { x: 4, y: y + 4 }, side.toUpperCase()));
      for (const value of values) chart.append(svg("circle", { class: `dot ${side}`, cx: at(value), cy: y, r: 3.5 }));
      if (typeof middle === "number" && middle >= low && middle <= high) {
        chart.append(svg("line", { class: `median ${side}`, x1: at(middle), x2: at(middle), y1: y - 8, y2: y + 8 }));
      }
    });
    chart.append(svg("text", { x: 24, y: 54 }, figure(low)), svg("text", { x: 246, y: 54, "text-anchor": "end" }, figure(high)));
    return chart;
  }

  // --- one row of a table

  function valueCell(row, side) {
    const value = row[side];
    if (value === null) return "-";
    if (typeof value !== "number") return el("bdi", {}, value);
    const shown = row.shown?.[side] || (isRate(row) ? (100 * value).toFixed(1) : figure(value));
    const guessing = row.at_chance?.[side] ? el("div", { class: "quiet" }, t("lab.report.page.at_chance", (100 * row.chance).toFixed(0))) : "";
    return [number(value, shown), slowEnd(row.slow_end?.[side]), guessing];
  }

  // The 95th percentile of times or the 5th of speeds.
  function slowEnd(end) {
    if (typeof end?.value !== "number") return "";
    const ends = Array.isArray(end.interval) && end.interval.every((one) => typeof one === "number") ? end.interval : [];
    return el("div", { class: "quiet" }, t("lab.report.page.slow_end"), " ", number(end.value, figure(end.value)),
      ends.length ? [" [", number(ends[0], figure(ends[0])), ", ", number(ends[1], figure(ends[1])), "]"] : "");
  }

  // p of no difference, by itself and among the rows of its table, and how probable a likely leader is.
  function tests(row) {
    const parts = [];
    if (row.p !== null) parts.push(number(row.p, probability("p", row.p)));
    if (typeof row.p_adjusted === "number") parts.push(number(row.p_adjusted, `Holm ${probability("p", row.p_adjusted)}`));
    if (row.verdict.startsWith("likely_") && typeof row.probability === "number") {
      const leader = row.verdict === "likely_better" ? row.probability : 1 - row.probability;
      parts.push(number(row.probability, `P = ${Math.min(leader, 0.999).toFixed(3)}`));
    }
    return parts.length ? el("div", { class: "quiet" }, parts.map((part, i) => [i > 0 ? ", " : "", el("span", { class: "whole" }, part)])) : "";
  }

  const verdictText = (row) => t(`lab.report.page.verdict.${row.verdict === "too_few" && row.ratio !== null ? "too_few_runs" : row.verdict}`);

  function verdictCell(row) {
    const parts = [];
    if (row.verdict !== "fact") {
      parts.push(el("div", { class: `verdict ${row.verdict}`, "data-verdict": row.verdict }, verdictText(row)));
    }
    if (reasonOf(row)) parts.push(el("div", { class: "quiet" }, reasonOf(row)));
    if (row.verdict === "too_few" && typeof row.more_items === "number") {
      parts.push(el("div", { class: "quiet" }, number(row.more_items, t(`lab.report.page.more_${row.ratio !== null ? "runs" : "items"}`, row.more_items))));
    }
    const effect = effectOf(row);
    if (effect !== null) {
      const line = el("div", { class: "quiet" }, row.ratio !== null ? "A / B = " : "A - B = ", number(effect, effectText(row, effect)));
      if (row.interval) {
        const ends = row.interval.map((end) => (end === null ? "?" : number(end, effectText(row, end))));
        line.append(" [", ends[0], ", ", ends[1], "]");
      }
      parts.push(line);
    }
    return [...parts, tests(row)];
  }

  const claimVerdict = (claim) => (known(`lab.report.page.claim.${claim.verdict}`) ? t(`lab.report.page.claim.${claim.verdict}`) : claim.verdict);
  // The rows that measure what a piece of evidence reasons about, by its kind (docs/formats/claims.md).
  const ROWS_OF_KIND = {
    parameters: ["parameters"], parameter_ratio: ["parameters"], context: ["context"], file_size: ["file_size"],
    memory_floor: ["peak_memory"], fits: ["minimum_memory"], decode_speed: ["decode"], first_token: ["first_token"], power: ["energy_per_token"],
  };
  const rowsOf = (claim) => [...(claim.rows ?? []),
    ...(Array.isArray(claim.evidence) ? claim.evidence : []).flatMap((one) => [one?.row, ...(ROWS_OF_KIND[one?.kind] ?? [])])];
  const claimsOf = (row) => (run.article ?? []).filter((claim) => rowsOf(claim).includes(row.id));

  function quotedCells(row) {
    const claims = claimsOf(row);
    const said = claims.map((claim) => el("blockquote", { cite: null }, el("span", { class: "quiet" }, claim.claim), " ", el("span", { lang: "zh" }, claim.quote)));
    const verdicts = claims.map((claim) => el("div", { class: `verdict ${claim.verdict}`, "data-claim": claim.claim }, `${claim.claim}: ${claimVerdict(claim)}`));
    return [
      el("td", { class: "said", "data-head": claims.length ? t("lab.report.page.article") : null }, claims.length ? said : ""),
      el("td", { class: "value both", "data-head": measuredHere() },
        el("div", {}, letter("a"), " ", valueCell(row, "a")), el("div", {}, letter("b"), " ", valueCell(row, "b"))),
      el("td", { class: "judged" }, verdicts, verdictCell(row)),
    ];
  }

  function plainCells(row, scales) {
    return [
      el("td", { class: "value", "data-head": `A ${kindOf(modelA)}` }, valueCell(row, "a")),
      el("td", { class: "value", "data-head": `B ${kindOf(modelB)}` }, valueCell(row, "b")),
      el("td", { class: "judged" }, verdictCell(row)),
      el("td", { class: "plot" }, effectChart(row, scales)),
    ];
  }

  function rowBody(row, scales, quoted) {
    const cells = quoted ? quotedCells(row) : plainCells(row, scales);
    if (quoted) cells[2].append(effectChart(row, scales));
    const body = el("tbody", { class: "row", "data-row": row.id },
      el("tr", { role: "row" }, el("th", { scope: "row" }, labelOf(row)), cells));
    if (row.records.length > 0) body.append(el("tr", { class: "more" }, el("td", { colspan: cells.length + 1 }, recordsOf(row))));
    return body;
  }

  // --- the records behind a row

  // By item. Two models of one name take turns at each.
  function pairsOf(row) {
    const pairs = new Map();
    for (const record of row.records) {
      if (!pairs.has(record.item)) pairs.set(record.item, { item: record.item, a: [], b: [] });
      const pair = pairs.get(record.item);
      const isA = modelA.name === modelB.name ? pair.a.length <= pair.b.length : record.model === modelA.name;
      pair[isA ? "a" : "b"].push(record);
    }
    return [...pairs.values()];
  }

  const right = (records) => records.length > 0 && records.every((record) => record.grade === true);
  const GRADES = {
    all: () => true,
    right: (pair, sides) => sides.some((side) => pair[side].some((record) => record.grade === true)),
    wrong: (pair, sides) => sides.some((side) => pair[side].some((record) => record.grade === false)),
    only_a: (pair) => right(pair.a) && !right(pair.b),
    only_b: (pair) => right(pair.b) && !right(pair.a),
  };

  function gradeText(record) {
    if (record.grade === true) return el("span", { class: "right" }, t("lab.report.page.right"));
    if (record.grade === false) return el("span", { class: "wrong" }, t("lab.report.page.wrong"));
    return record.grade === null ? "-" : number(record.grade, figure(record.grade));
  }

  function recordCard(record, side) {
    const transcript = textOf(record.transcript);
    return el("div", { class: "side" },
      el("div", {}, letter(side), " ", gradeText(record),
        // With a prompt beside it the answer is all of the transcript's end, and not said twice.
        record.answer !== undefined && record.prompt === undefined ? [" ", el("span", { class: "quiet" }, t("lab.report.page.answer")), " ", el("bdi", {}, String(record.answer))] : ""),
      transcript ? el("pre", { dir: "auto" }, transcript) : "");
  }

  function itemEntry(pair, sides) {
    return el("li", { class: "item", "data-item": pair.item },
      el("h4", {}, t("lab.report.page.item", pair.item)),
      el("div", { class: "sides" }, sides.flatMap((side) => pair[side].map((record) => recordCard(record, side)))));
  }

  function choiceOf(label, options, chosen, onChange) {
    const select = el("select", { change: () => onChange(select.value) },
      Object.entries(options).map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
    return el("label", {}, label, select);
  }

  function recordsOf(row) {
    const state = opened.get(row.id) ?? { open: false, model: "both", grade: "all", search: "", shown: ITEMS_AT_ONCE };
    opened.set(row.id, state);
    const holder = el("div");
    const details = el("details", { open: state.open }, el("summary", {}, t("lab.report.page.records", row.records.length)), holder);
    const show = () => holder.replaceChildren(...recordsView(row, state));
    details.addEventListener("toggle", () => {
      state.open = details.open;
      if (state.open && !holder.hasChildNodes()) show();
    });
    if (state.open) show();
    return details;
  }

  function recordsView(row, state) {
    const pairs = pairsOf(row);
    const list = el("ol", { class: "items" });
    const count = el("p", { class: "quiet", role: "status" });
    const more = el("button", { type: "button", click: () => { state.shown += ITEMS_AT_ONCE; update(); } }, t("lab.report.page.more"));
    function update() {
      const sides = state.model === "both" ? ["a", "b"] : [state.model];
      const wanted = state.search.toLowerCase();
      const found = pairs.filter((pair) => sides.some((side) => pair[side].length > 0) && GRADES[state.grade](pair, sides) &&
        (wanted === "" || sides.some((side) => pair[side].some((record) => `${textOf(record.transcript)}\n${record.answer ?? ""}`.toLowerCase().includes(wanted)))));
      list.replaceChildren(...found.slice(0, state.shown).map((pair) => itemEntry(pair, sides)));
      count.textContent = t("lab.report.page.found", Math.min(found.length, state.shown), found.length, pairs.length);
      more.hidden = found.length <= state.shown;
    }
    const choose = (key) => (value) => { state[key] = value; state.shown = ITEMS_AT_ONCE; update(); };
    const graded = row.records.some((record) => typeof record.grade === "boolean");
    const search = el("input", { type: "search", value: state.search, input: () => choose("search")(search.value) });
    const filters = el("div", { class: "filters" },
      choiceOf(t("lab.report.page.show"), { both: t("lab.report.page.both"), a: `A: ${modelA.name}`, b: `B: ${modelB.name}` }, state.model, choose("model")),
      graded ? choiceOf(t("lab.report.page.grade"), Object.fromEntries(Object.keys(GRADES).map((key) => [key, t(`lab.report.page.grade.${key}`)])), state.grade, choose("grade")) : "",
      row.records.some((record) => record.transcript) ? el("label", {}, t("lab.report.page.search"), search) : "");
    update();
    return [filters, valuesChart(row), count, list, more].filter((part) => part !== "");
  }

  // --- the page

  const tableTitle = (table) => [`lab.table.${table}`, `lab.report.area.${table}`].filter(known).map((key) => t(key))[0] ?? table;
  const sectionId = (table) => `table-${encodeURIComponent(table)}`;

  function sectionOf(table, rows) {
    const quoted = rows.some((row) => claimsOf(row).length > 0);
    const scales = scalesOf(rows);
    const heads = quoted
      ? [["said", t("lab.report.page.article")], ["value", measuredHere()], ["judged", t("lab.report.page.verdict")]]
      : [["value", `A ${kindOf(modelA)}`], ["value", `B ${kindOf(modelB)}`], ["judged", t("lab.report.page.verdict")], ["plot", t("lab.report.page.size")]];
    return el("section", { id: sectionId(table) },
      el("h2", {}, tableTitle(table)),
      el("table", { class: quoted ? "compared quoted" : "compared" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("lab.report.page.row")), heads.map(([kind, text]) => el("th", { scope: "col", class: kind }, text)))),
        rows.map((row) => rowBody(row, scales, quoted))));
  }

  // The evidence, and what has none.
  const argumentOf = (claim) => [textOf(claim.evidence), ...["untested", "opinion"].filter((key) => claim[key])
    .map((key) => t(`lab.report.page.claim.${key}`, textOf(claim[key])))].filter(Boolean).join("\n");

  function claimsSection() {
    if (!run.article?.length) return "";
    const body = (claim) => el("tbody", { class: "row" },
      el("tr", {},
        el("td", { class: "said", "data-head": t("lab.report.page.article") }, el("blockquote", {}, el("span", { class: "quiet" }, claim.claim), " ", el("span", { lang: "zh" }, claim.quote))),
        el("td", { class: "evidence", "data-head": t("lab.report.page.evidence") }, el("pre", { dir: "auto" }, argumentOf(claim))),
        el("td", { class: "judged" }, el("div", { class: `verdict ${claim.verdict}`, "data-claim": claim.claim }, claimVerdict(claim)))));
    return el("section", { id: "claims" },
      el("h2", {}, t("lab.report.page.claims")),
      el("table", { class: "claims" },
        el("thead", {}, el("tr", {}, ["article", "evidence", "verdict"].map((key) => el("th", { scope: "col" }, t(`lab.report.page.${key}`))))),
        run.article.map(body)));
  }

  function quantizationOf(model) {
    const mixed = model.most_bytes;
    return mixed ? t("runtime.quantization_mixed", model.quantization, (100 * mixed.share).toFixed(0), mixed.type) : model.quantization;
  }

  function modelCard(model, side) {
    return el("div", { class: `model ${side}` },
      el("h3", {}, letter(side), " ", name(model)),
      el("div", {}, [kindOf(model), model.endpoint, model.architecture, quantizationOf(model), model.license].filter(Boolean).join(" · ")));
  }

  function fact(key, value) {
    return value ? [el("dt", {}, t(`lab.report.page.fact.${key}`)), el("dd", {}, el("bdi", {}, value))] : [];
  }

  function settings() {
    const { device } = run;
    const model = (one) => [one.name, one.path, one.sha256 ? `sha256 ${one.sha256}` : ""].filter(Boolean).join("\n");
    return el("section", { id: "settings" },
      el("h2", {}, t("lab.report.page.settings")),
      el("dl", { class: "facts" },
        fact("device", t("lab.table.device", device.cpu, device.isa, device.threads)),
        fact("tier", run.tier), fact("time", run.time), fact("seed", String(run.seed)),
        fact("seconds", run.seconds === null ? "" : figure(run.seconds)),
        fact("sources", run.sources.join("\n")), fact("a", model(modelA)), fact("b", model(modelB))),
      el("p", { class: "quiet" }, t("lab.report.page.legend")));
  }

  function languageButtons() {
    const button = (code, text) => el("button", {
      type: "button", lang: code, "aria-pressed": String(language === code), "data-language": code,
      click: () => {
        language = code;
        show();
        document.querySelector(`[data-language="${code}"]`).focus();
      },
    }, text);
    return el("div", { class: "languages", role: "group", "aria-label": "中文 / English" }, button("zh", "中文"), button("en", "English"));
  }

  function show() {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = t("lab.table.heading", modelA.name, modelB.name);
    const tables = new Map();
    for (const row of run.rows) tables.set(row.table, [...(tables.get(row.table) ?? []), row]);
    const links = [...[...tables.keys()].map((table) => [sectionId(table), tableTitle(table)]),
      ...(run.article?.length ? [["claims", t("lab.report.page.claims")]] : []), ["settings", t("lab.report.page.settings")]];
    const mixed = modelA.kind !== modelB.kind;
    const base = modelA.kind === "base" ? ["A", "B"] : ["B", "A"];
    document.getElementById("page").replaceChildren(
      el("a", { class: "skip", href: "#main" }, t("lab.report.page.skip")),
      el("header", { class: "bar" },
        el("nav", { "aria-label": t("lab.report.page.contents") }, links.map(([id, text]) => el("a", { href: `#${id}` }, text.replace(/ ?[(（].*/, "")))),
        languageButtons()),
      el("main", { id: "main" },
        el("h1", {}, name(modelA), ` ${t("lab.report.page.against")} `, name(modelB)),
        el("p", { class: "summary" }, summary[language].map(({ part, text }) => [el("span", { class: part }, text), language === "zh" ? "" : " "])),
        el("div", { class: "models" }, modelCard(modelA, "a"), modelCard(modelB, "b")),
        el("p", { class: "quiet" }, t("lab.table.device", run.device.cpu, run.device.isa, run.device.threads)),
        mixed ? el("p", { class: "note" }, t("lab.report.page.mixed_kinds", ...base)) : "",
        [...tables].map(([table, rows]) => sectionOf(table, rows)),
        claimsSection(),
        settings()));
  }

  show();
})();
