// The parts of the board that are not charts: control, numbers, objectives.

function sideMark(penalty) {
  return element("span", { class: `swatch ${penalty}`, "aria-hidden": "true" });
}

/** What the marks of the weights mean. */
function makeLegend(board) {
  const entry = (mark, key) => element("span", { text: `${mark} ${board.word(key)}` });
  return element("div", { class: "legend" }, [
    entry("◇", "legend.zero"),
    entry("–", "legend.small"),
  ]);
}

/** λ range, link, shortcuts; the readout beside it. */
function makeControl(board) {
  const word = (key) => board.word(key);
  const range = element("input", { type: "range", min: "0", step: "1", class: "lambda" });
  range.setAttribute("aria-label", word("control.lambda"));
  range.oninput = () => board.moveTo(Number(range.value));
  const link = element("select", { class: "link" });
  for (const name of Object.keys(board.data.links)) {
    link.append(element("option", { value: name, text: word(`link.${name}`) }));
  }
  link.onchange = () => board.setLink(link.value, true);
  const jump = (name) =>
    element("button", {
      type: "button",
      class: "jump",
      text: word(`control.to_${name}`),
      title: word(`control.to_${name}_help`),
      onclick: () => board.jump(name),
    });
  const help = element("span", { class: "help" });
  const readout = element("output", { class: "readout" });
  const linkRow = element("label", { class: "link-row" }, [
    element("span", { text: word("control.link") }),
    link,
  ]);
  const rangeRow = element("div", { class: "range-row" }, [
    element("span", { class: "end", text: word("control.more") }),
    range,
    element("span", { class: "end", text: word("control.less") }),
    element("span", { class: "jumps" }, [jump("1se"), jump("min")]),
  ]);
  const top = element("div", { class: "control-top" }, [linkRow, help, readout]);
  const root = element("div", { class: "control" }, [top, rangeRow]);
  return { root, range, link, help, readout };
}

const NUMBER_ROWS = ["lambda", "textbook", "zero", "small", "norm", "df", "cv", "lowest", "train", "test"];

/** Table of numbers, L1 and L2 side by side. */
function makeNumbers(board) {
  const rows = NUMBER_ROWS.filter((name) => name !== "test" || board.sides[0].test);
  const cells = { l1: {}, l2: {} };
  const head = element("tr", {}, [
    element("th", { class: "corner" }),
    ...["l1", "l2"].map((p) =>
      element("th", { scope: "col" }, [sideMark(p), board.word(`side.${p}`)]),
    ),
  ]);
  const body = rows.map((name) => {
    const help = ["norm", "small"].includes(name)
      ? board.word(`numbers.${name}_help`)
      : ["cv", "lowest", "train", "test"].includes(name)
        ? board.word(`numbers.error_${board.data.score}`)
        : null;
    const key = name === "cv" ? `numbers.cv_${board.data.score}` : `numbers.${name}`;
    const label = element("th", { scope: "row", text: board.word(key), title: help });
    for (const p of ["l1", "l2"]) cells[p][name] = element("td");
    return element("tr", {}, [label, cells.l1[name], cells.l2[name]]);
  });
  const table = element("table", { class: "numbers", "aria-label": board.word("title.numbers") }, [
    element("thead", {}, [head]),
    element("tbody", {}, body),
  ]);
  return { root: table, cells };
}

/** An error with its standard error, which one row does not have. */
function withError(value, spread) {
  return spread === null ? formatNumber(value) : `${formatNumber(value)} ± ${formatNumber(spread)}`;
}

/** Texts of one column of numbers at a side's λ. */
function numberTexts(board, side) {
  const i = side.index;
  const total = formatCount(board.data.total);
  const of = (n) => fill(board.word("numbers.of"), { n: formatCount(n), total });
  const whole = side.penalty === "l1";
  return {
    lambda: formatNumber(side.lambda[i]),
    textbook: formatNumber(side.textbook[i]),
    zero: of(side.zero[i]),
    small: side.isNull(i, board.data.total) ? "–" : of(side.small[i]),
    norm: fill(board.word("numbers.percent"), { n: formatPercent(side.share[i]) }),
    df: side.df[i] === null ? "–" : whole ? formatCount(side.df[i]) : formatNumber(side.df[i]),
    cv: withError(side.cv[i], side.se[i]),
    lowest: withError(side.cv[side.min], side.se[side.min]),
    train: formatNumber(side.train[i]),
    test: side.test ? withError(side.test[i], side.testSe[i]) : "",
  };
}

/** The two objectives in textbook form with the current numbers in them. */
function makeObjectives(board) {
  const numbers = {};
  const { loss, standardize } = board.data;
  const term = board.word(`objective.term_${loss}`);
  const blocks = board.sides.map((side) => {
    const p = side.penalty;
    numbers[p] = element("span", { class: "amount" });
    return element("div", { class: "objective" }, [
      element("span", { class: "formula" }, [
        sideMark(p),
        `${board.word(`side.${p}`)}  ${fill(board.word(`objective.${p}`), { term })}`,
      ]),
      numbers[p],
    ]);
  });
  const scale = standardize ? "objective.scale" : "objective.scale_plain";
  // As it was set: no digits are added to it.
  const parameter = board.data.parameter;
  const rest = Number((1 - parameter).toPrecision(12)); // of a quantile
  const meaning = fill(board.word(`objective.meaning_${loss}`), { parameter, rest });
  const root = element("section", { class: "objectives" }, [
    element("div", { class: "heading", text: board.word("title.objectives") }),
    ...blocks,
    element("div", { class: "note", text: meaning }),
    element("div", { class: "note", text: board.word(scale) }),
    ...board.missing("df"),
    ...board.missing("cv"),
  ]);
  return { root, numbers };
}

/** "= 1.27×10⁶ + 106 × 112 = 1.28×10⁶" */
function objectiveText(side) {
  const i = side.index;
  const [loss, lambda, size] = [side.sum[i], side.textbook[i], side.size[i]];
  const parts = [loss, lambda, size, loss + lambda * size].map(formatNumber);
  return `= ${parts[0]} + ${parts[1]} × ${parts[2]} = ${parts[3]}`;
}

/** The two choosers of the geometry's features. */
function makePair(board) {
  const choosers = [0, 1].map((which) => {
    const select = element("select", {
      "aria-label": board.word(which === 0 ? "geometry.first" : "geometry.second"),
    });
    board.data.features.forEach((name, r) =>
      select.append(element("option", { value: String(r), text: name })),
    );
    select.onchange = () => board.choosePair(which, Number(select.value));
    return select;
  });
  const note = element("div", { class: "note" });
  const across = element("span", { class: "axis-mark", text: "→", "aria-hidden": "true" });
  const up = element("span", { class: "axis-mark", text: "↑", "aria-hidden": "true" });
  const row = element("div", { class: "pair" }, [across, choosers[0], up, choosers[1]]);
  const legend = element("div", { class: "note", text: board.word("geometry.legend") });
  return { root: element("div", { class: "pair-box" }, [row, note]), choosers, note, legend };
}
