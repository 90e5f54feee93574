// The board of a race: one figure a lane on shared axes, below them one bar a lane.

const RACE_BAR_STEP = 22;
const BAR_KINDS = ["zeros", "test"];

class RaceBoard extends ChartBoard {
  /** Take what the server sent; only another language, theme or number of lanes rebuilds. */
  update(data) {
    const theme = readTheme(this.root);
    const signature = JSON.stringify([data.lanes.length, data.words, theme.signature]);
    const moved = !this.data || data.id !== this.data.id || data.epoch !== this.data.epoch;
    this.data = data;
    if (signature !== this.signature) {
      this.signature = signature;
      this.theme = theme;
      this.build();
    } else if (this.ready) {
      this.draw(moved);
    }
  }

  color(lane) {
    return lane.colors[this.theme.dark ? "dark" : "light"];
  }

  // ---- structure ---------------------------------------------------------------------------

  async build() {
    this.clear();
    const turn = this.turn;
    this.root.classList.toggle("dark", this.theme.dark);
    this.root.style.setProperty("--lanes", String(this.data.lanes.length));
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", this.word("label"));
    this.figures = {};
    const lanes = this.data.lanes.map((_, i) => this.lane(i));
    const bars = BAR_KINDS.map((kind) => this.bars(kind));
    this.root.replaceChildren(
      element("div", { class: "lanes" }, lanes),
      element("div", { class: "lane-note note", text: this.word("curves") }),
      element("div", { class: "lane-bars" }, bars),
    );
    const names = Object.keys(this.figures);
    const charts = await Promise.all(
      names.map((name) => {
        const spec = this.data.specs[BAR_KINDS.includes(name) ? "bars" : "curves"];
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
    });
    this.ready = true;
    this.resize();
    this.draw(true);
  }

  lane(i) {
    const figure = makeFigure(this, "lane", () => this.laneTable(this.data.lanes[i]));
    const color = this.color(this.data.lanes[i]);
    const letter = element("span", { class: "letter", text: this.data.lanes[i].letter });
    letter.style.background = color;
    figure.head.prepend(letter);
    this.figures[`lane${i}`] = figure;
    return figure.root;
  }

  bars(kind) {
    const figure = makeFigure(this, `bars ${kind}`, () => this.barTable(kind));
    this.figures[kind] = figure;
    return figure.root;
  }

  laneTable(lane) {
    const { epoch, train, validation } = lane.curve;
    const header = ["axis.epoch", "curve.train", "curve.validation"].map((key) => this.word(key));
    const rows = epoch.map((e, k) => [
      formatCount(e),
      formatNumber(train[k]),
      formatNumber(validation[k]),
    ]);
    return dataTable(header, rows.reverse());
  }

  barTable(kind) {
    const rows = this.data.lanes.map((lane, i) => [
      `${lane.letter} · ${lane.label}`,
      this.data.bars[kind].rows.text[i],
    ]);
    return dataTable([this.word("lane"), this.data.bars[kind].title], rows);
  }

  // ---- what changes with every epoch -------------------------------------------------------

  draw(moved) {
    this.data.lanes.forEach((lane, i) => this.drawLane(lane, i, moved));
    for (const kind of BAR_KINDS) this.drawBars(kind, moved);
  }

  drawLane(lane, i, moved) {
    const [chart, figure] = [this.charts[`lane${i}`], this.figures[`lane${i}`]];
    const color = this.color(lane);
    const [[left, right], [low, high]] = [this.data.epochs, this.data.losses];
    for (const [name, value] of Object.entries({ left, right, low, high })) {
      chart.signal(name, value);
    }
    for (const name of ["curve", "dots", "labels", "changes"]) {
      chart.data(name, toRows(lane[name]).map((row) => ({ ...row, color })));
    }
    this.say(figure, lane.label, lane.note, moved);
    chart.run();
  }

  drawBars(kind, moved) {
    const { rows, extent, title, note } = this.data.bars[kind];
    const chart = this.charts[kind];
    chart.signal("extent", extent);
    chart.signal("count", this.data.lanes.length);
    const colors = this.data.lanes.map((lane) => this.color(lane));
    chart.data("bars", toRows(rows).map((row, i) => ({ ...row, color: colors[i] })));
    this.say(this.figures[kind], title, note, moved);
    chart.run();
  }

  say(figure, title, note, moved) {
    setText(figure.title, title);
    setText(figure.note, note);
    figure.box.setAttribute("aria-label", `${title}. ${note}`);
    if (moved) figure.refresh();
  }

  // ---- size and end ------------------------------------------------------------------------

  resize() {
    for (const [name, chart] of Object.entries(this.charts)) {
      if (BAR_KINDS.includes(name)) chart.view.height(this.data.lanes.length * RACE_BAR_STEP);
      if (chart.fit()) chart.run();
    }
  }
}

export default mounting(RaceBoard);
