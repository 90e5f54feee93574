// The board: L1 and L2 side by side, everything following one λ control inside the browser.

const PENALTIES = ["l1", "l2"];
const BAR_STEP = 15;
const MAX_SQUARE = 280;
const QUIET = "#8a8f98";
const EDGE = 0.06; // what lies above a CV chart is marked this share of its height below its top
const boards = new WeakMap();

class Board {
  constructor(root) {
    this.root = root;
    this.charts = {};
    this.frame = 0;
    this.turn = 0;
    this.ready = false;
    this.watcher = new ResizeObserver(() => this.resize());
    this.sight = new IntersectionObserver((entries) => this.look(entries), { rootMargin: "60px" });
  }

  word(key) {
    return this.data.words[key] ?? key;
  }

  /** Take what the server sent; rebuild only what changed. */
  update(data, send) {
    this.send = send;
    const theme = readTheme(this.root);
    const signature = JSON.stringify([data.id, data.words, theme.signature]);
    const fresh = !this.data || this.data.id !== data.id;
    const contours = data.contours ? JSON.stringify(data.contours.pair) : "";
    if (!fresh && data.link !== this.told && data.link !== this.link) this.setLink(data.link, false);
    this.told = data.link;
    if (signature === this.signature && contours === this.contourKey) return;
    const rebuilt = signature !== this.signature;
    this.signature = signature;
    this.contourKey = contours;
    this.data = data;
    this.theme = theme;
    if (fresh) this.begin(data);
    if (data.contours) this.takeContours(data.contours);
    if (rebuilt) this.build();
    else if (this.ready) this.geometryChanged();
    this.schedule();
  }

  begin(data) {
    this.sides = PENALTIES.map((p) => new Side(data.sides[p]));
    this.gram = unpack(data.gram);
    this.pair = data.pair;
    this.link = data.link;
    this.position = data.links[data.link].start;
    this.hover = -1;
  }

  takeContours(sent) {
    this.drawn = { ...sent };
    for (const name of ["l1", "l2", "l1Centre", "l2Centre"]) this.drawn[name] = unpack(sent[name]);
    this.slots = {};
    for (const p of PENALTIES) this.slots[p] = new Map(sent[`${p}Used`].map((i, slot) => [i, slot]));
    this.pair = sent.pair;
  }

  // ---- structure ---------------------------------------------------------------------------

  async build() {
    this.clear();
    const turn = this.turn;
    for (const side of this.sides) side.color = side.colors[this.theme.dark ? "dark" : "light"];
    this.named = new Set(this.data.named);
    this.root.classList.toggle("dark", this.theme.dark);
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", this.word("label"));
    this.control = makeControl(this);
    this.control.range.max = String(this.steps() - 1);
    this.numbers = makeNumbers(this);
    this.objectives = makeObjectives(this);
    this.figures = {};
    const columns = this.sides.map((side) => this.sideColumn(side));
    const sides = element("div", { class: "sides" }, columns);
    const geometry = this.pair ? this.geometrySection() : this.missing("geometry");
    const aside = element("div", { class: "aside" }, [
      element("div", {}, [this.numbers.root, this.objectives.root]),
      ...geometry,
    ]);
    const weights = this.sides.map((side) =>
      this.figure("weights", side, () => weightsTable(this, side)),
    );
    const bottom = element("div", { class: "bottom" }, [...weights, makeLegend(this)]);
    this.root.replaceChildren(this.control.root, sides, aside, bottom);
    this.tip = element("div", { class: "tip", hidden: "", "aria-hidden": "true" });
    this.root.append(this.tip);
    const names = Object.keys(this.figures);
    const charts = await Promise.all(
      names.map((name) => {
        const spec = this.data.specs[name.slice(0, -2)];
        return Chart.create(this.figures[name].box, spec, this.theme);
      }),
    );
    if (turn !== this.turn) {
      for (const chart of charts) chart.finish();
      return;
    }
    names.forEach((name, i) => {
      this.charts[name] = charts[i];
      this.watcher.observe(this.figures[name].box);
      this.sight.observe(this.figures[name].box);
    });
    this.fillStatic();
    this.geometryChanged();
    this.ready = true;
    this.resize();
    this.schedule();
  }

  figure(kind, side, tableOf) {
    const figure = makeFigure(this, kind, tableOf);
    figure.head.prepend(sideMark(side.penalty));
    this.figures[kind + side.penalty] = figure;
    return figure.root;
  }

  sideColumn(side) {
    const figures = [
      this.figure("path", side, () => pathTable(this, side)),
      this.figure("cv", side, () => curveTable(this, side)),
    ];
    setText(this.figures[`path${side.penalty}`].note, this.pathNote(side));
    for (const kind of ["path", "cv"]) makeDraggable(this, kind, side);
    makeHover(this, side);
    return element("div", { class: `side ${side.penalty}` }, figures);
  }

  /** What grey means, and whether a curve leaves the chart. */
  pathNote(side) {
    const grey = this.data.total > this.data.named.length ? [this.word("path.grey")] : [];
    return grey.concat(side.cut ? [this.word("path.cut")] : []).join(this.word("path.and"));
  }

  /** Why a part of the board is not there. */
  missing(part) {
    const keys = this.data.missing.filter((key) => key.startsWith(part));
    return keys.map((key) => element("div", { class: "note", text: this.word(`missing.${key}`) }));
  }

  geometrySection() {
    this.chooser = makePair(this);
    const pictures = this.sides.map((side) =>
      this.figure("geometry", side, () => geometryTable(this, side)),
    );
    return [
      element("section", { class: "geometry-box" }, [
        this.chooser.root,
        element("div", { class: "pictures" }, pictures),
        this.chooser.legend,
      ]),
    ];
  }

  /** Data sets and signals that do not depend on the control. */
  fillStatic() {
    for (const side of this.sides) {
      const p = side.penalty;
      for (const [kind, sets] of [["path", side.path], ["cv", side.curve]]) {
        for (const [name, columns] of Object.entries(sets)) {
          this.charts[kind + p].data(name, side.rows(columns));
        }
      }
      this.setRange(this.charts[`path${p}`], side.xRange, side.range);
      this.setRange(this.charts[`cv${p}`], side.xRange, this.data.cvRange);
      this.charts[`weights${p}`].signal("count", this.data.bars);
      side.extent = 0;
    }
  }

  setRange(chart, [left, right], [low, high]) {
    chart.signal("left", left);
    chart.signal("right", right);
    chart.signal("low", low);
    chart.signal("high", high);
  }

  // ---- the control -------------------------------------------------------------------------

  steps() {
    return this.data.links[this.link].l2.length;
  }

  indexAt(side, position) {
    return side.penalty === "l1" ? position : this.data.links[this.link].l2[position];
  }

  moveTo(position) {
    this.position = Math.min(Math.max(position, 0), this.steps() - 1);
    this.schedule();
  }

  jump(name) {
    this.moveTo(name === "min" ? this.sides[0].min : this.sides[0].oneSe);
  }

  setLink(name, tell) {
    this.link = name;
    if (name === "best" || name === "1se") this.position = this.data.links[name].start;
    this.schedule();
    // The time tells one choice from another of the same name.
    if (tell) this.send("link", { id: this.data.id, name, at: Date.now() });
  }

  choosePair(which, rank) {
    const pair = [...this.pair];
    if (pair[1 - which] === rank) pair[1 - which] = pair[which];
    pair[which] = rank;
    if (this.data.loss === "squared") {
      this.pair = pair;
      this.geometryChanged();
      this.schedule();
      return;
    }
    const [a, b] = pair.map((r) => this.data.features[r]);
    setText(this.chooser.note, fill(this.word("geometry.waiting"), { a, b }));
    this.send("pair", pair);
  }

  schedule() {
    if (this.ready && !this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  // ---- what depends on the pair ------------------------------------------------------------

  pairGram(pair) {
    const t = this.data.features.length;
    const at = (a, b) => this.gram[a * t + b];
    return [at(pair[0], pair[0]), at(pair[0], pair[1]), at(pair[1], pair[1])];
  }

  geometryChanged() {
    this.stale = true;
    if (!this.pair) return;
    const squared = this.data.loss === "squared";
    this.extent = squared
      ? squaredExtents(this.sides, this.pairGram(this.pair), this.pair)
      : this.drawn.extent;
    this.pair.forEach((rank, which) => {
      this.chooser.choosers[which].value = String(rank);
    });
    const note = this.data.sampled ? "geometry.sampled" : "geometry.note";
    setText(this.chooser.note, this.word(note));
    const [across, up] = this.pair.map((r) => [{ text: this.data.axisNames[r] }]);
    for (const side of this.sides) {
      const chart = this.charts[`geometry${side.penalty}`];
      chart.data("across", across);
      chart.data("up", up);
      chart.signal("extent", this.extent[side.penalty]);
      const trail = side.grid.map((i, k) => {
        const [x, y] = side.pairAt(this.pair, i);
        return { k, x, y, color: side.color };
      });
      chart.data("trail", trail);
    }
  }

  /** Rows of the contours and the centre at one λ of a side. */
  geometryAt(side, i) {
    if (this.data.loss === "squared") {
      const gradient = side.gradientAt(this.pair, i);
      const solution = side.pairAt(this.pair, i);
      return squaredContours(this.pairGram(this.pair), gradient, solution, this.extent[side.penalty]);
    }
    const { points, levels } = this.drawn;
    const values = this.drawn[side.penalty];
    const slot = this.slots[side.penalty].get(i);
    const rows = [];
    let at = slot * levels.length * points * 2;
    for (const level of levels) {
      for (let k = 0; k < points; k += 1, at += 2) {
        rows.push({ level, k, x: values[at], y: values[at + 1] });
      }
    }
    const middle = this.drawn[`${side.penalty}Centre`];
    return { rows, centre: [middle[2 * slot], middle[2 * slot + 1]] };
  }

  // ---- one frame ---------------------------------------------------------------------------

  draw() {
    this.frame = 0;
    const moved = this.sides.filter((side) => {
      const before = side.index;
      side.index = this.indexAt(side, this.position);
      return side.index !== before || this.stale;
    });
    scaleWeights(this, moved);
    for (const side of moved) {
      this.drawPath(side);
      this.drawCurve(side);
      drawWeights(this, side);
      if (this.pair) this.drawGeometry(side);
      this.writeNumbers(side);
      for (const kind of this.kinds()) this.charts[kind + side.penalty].run();
    }
    this.stale = false;
    this.writeControl();
  }

  kinds() {
    return ["path", "cv", "weights"].concat(this.pair ? ["geometry"] : []);
  }

  headline(kind, side, text) {
    const figure = this.figures[kind + side.penalty];
    setText(figure.title, text);
    const [a, b] = (this.pair ?? []).map((r) => this.data.features[r]);
    const penalty = this.word(`side.${side.penalty}`);
    const label = fill(this.word(`aria.${kind}`), { penalty, title: text, a, b });
    if (figure.box.getAttribute("aria-label") !== label) {
      figure.box.setAttribute("aria-label", label);
    }
  }

  drawPath(side) {
    const chart = this.charts[`path${side.penalty}`];
    const { index: i, color } = side;
    const x = side.x[i];
    chart.data("now", [{ x, color }]);
    const dots = this.data.features.map((_, rank) => {
      const y = side.weight(rank, i);
      const zero = y === 0;
      const ink = this.named.has(rank) ? color : QUIET;
      return { x, y, color: ink, fill: zero ? "transparent" : ink, shape: zero ? "diamond" : "circle" };
    });
    chart.data("dots", dots);
    this.headline("path", side, this.countTitle(side, `title.path_${side.penalty}`));
  }

  /** A title that counts weights; that all are zero is said in another way. */
  countTitle(side, key) {
    const { index: i } = side;
    const { total, bars } = this.data;
    const none = total === 1 ? "title.only_zero" : "title.all_zero";
    return fill(this.word(side.isNull(i, total) ? none : key), {
      penalty: this.word(`side.${side.penalty}`),
      kept: formatCount(total - side.zero[i]),
      zero: formatCount(side.zero[i]),
      small: formatCount(side.small[i]),
      total: formatCount(total),
      shown: bars,
    });
  }

  drawCurve(side) {
    const chart = this.charts[`cv${side.penalty}`];
    const { index: i, color } = side;
    const x = side.x[i];
    chart.data("now", [{ x, color }]);
    const [low, high] = this.data.cvRange;
    const dot = (error, ink, shape) =>
      error > high
        ? { x, y: high - EDGE * (high - low), color: ink, shape: "triangle-up" }
        : { x, y: error, color: ink, shape };
    const dots = [dot(side.train[i], QUIET, "square"), dot(side.cv[i], color, "circle")];
    if (side.test) dots.push(dot(side.test[i], color, "diamond"));
    chart.data("dots", dots);
    chart.data("whiskers", side.testEnds(i).map((y) => ({ x, y, color })));
    this.headline("cv", side, this.word(`title.cv_${side.standing(i, high)}`));
  }

  drawGeometry(side) {
    const chart = this.charts[`geometry${side.penalty}`];
    const { index: i, color } = side;
    const solution = side.pairAt(this.pair, i);
    const { rows, centre } = this.geometryAt(side, i);
    chart.data("contours", rows);
    chart.data("ball", ballRows(side.penalty, solution, color));
    chart.data("centre", [{ x: centre[0], y: centre[1] }]);
    chart.data("solution", [{ x: solution[0], y: solution[1], color }]);
    const zeros = solution.filter((v) => v === 0).length;
    const place = ["edge", "corner", "origin"][zeros];
    const feature = this.data.features[this.pair[solution[0] === 0 ? 0 : 1]];
    const text = fill(this.word(`title.geometry_${side.penalty}_${place}`), { feature });
    this.headline("geometry", side, text);
  }

  writeNumbers(side) {
    const texts = numberTexts(this, side);
    const cells = this.numbers.cells[side.penalty];
    for (const [name, cell] of Object.entries(cells)) setText(cell, texts[name]);
    setText(this.objectives.numbers[side.penalty], objectiveText(side));
  }

  writeControl() {
    const { range, link, help, readout } = this.control;
    const [l1, l2] = this.sides;
    const kept = (side) => this.data.total - side.zero[side.index];
    const values = {
      lambda1: formatNumber(l1.lambda[l1.index]),
      lambda2: formatNumber(l2.lambda[l2.index]),
      textbook1: formatNumber(l1.textbook[l1.index]),
      textbook2: formatNumber(l2.textbook[l2.index]),
      kept1: kept(l1),
      kept2: kept(l2),
      total: this.data.total,
    };
    if (range.value !== String(this.position)) range.value = String(this.position);
    range.setAttribute("aria-valuetext", fill(this.word("aria.lambda"), values));
    if (link.value !== this.link) link.value = this.link;
    setText(readout, `L1 λ ${values.lambda1} · L2 λ ${values.lambda2}`);
    setText(help, this.linkHelp());
    help.classList.toggle("clipped", this.isClipped());
  }

  isClipped() {
    return this.data.links[this.link].clipped.includes(this.position);
  }

  linkHelp() {
    const [l1, l2] = this.sides;
    if (this.isClipped()) {
      // with rows that change sides degrees of freedom jump, also within the range of λ
      const atEnd = [l2.grid[0], l2.grid[l2.grid.length - 1]].includes(l2.index);
      return this.word(atEnd ? "link_clipped" : "link_nearest");
    }
    const home = this.link === "best" ? l1.min : l1.oneSe;
    const factor = formatNumber(l1.lambda[l1.index] / l1.lambda[home]);
    const curved = this.link === "df" && this.data.loss !== "squared" ? "_curved" : "";
    return fill(this.word(`link_help.${this.link}${curved}`), { factor });
  }

  // ---- size and end ------------------------------------------------------------------------

  resize() {
    for (const [name, chart] of Object.entries(this.charts)) {
      if (name.startsWith("weights")) chart.view.height(this.data.bars * BAR_STEP);
      // the geometry keeps equal units on both axes: as tall as wide
      const changed = name.startsWith("geometry") ? chart.fit(MAX_SQUARE) : chart.fit();
      if (changed) chart.run();
    }
  }

  /** Charts out of sight are not redrawn while λ is dragged. */
  look(entries) {
    for (const entry of entries) {
      const name = Object.keys(this.charts).find((key) => this.figures[key].box === entry.target);
      if (name) this.charts[name].see(entry.isIntersecting);
    }
  }

  clear() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.ready = false;
    this.turn += 1;
    this.watcher.disconnect();
    this.sight.disconnect();
    for (const chart of Object.values(this.charts)) chart.remove();
    this.charts = {};
  }

  destroy() {
    this.clear();
    this.root.replaceChildren();
  }
}

export default function mount(component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".board");
  if (!root || !data) return undefined;
  let board = boards.get(root);
  if (!board) {
    board = new Board(root);
    boards.set(root, board);
  }
  board.update(data, setStateValue);
  return () => {
    board.destroy();
    boards.delete(root);
  };
}
