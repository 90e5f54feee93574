// What every board is made of: elements, figures with their table.

/** A DOM element; `text` sets its text, `on…` its listeners, the rest attributes. */
function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made[name] = value;
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Set text only where it changed; a write costs layout. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A chart with its title, its table and the button that shows it. */
function makeFigure(board, name, tableOf) {
  const title = element("figcaption", { class: "finding" });
  const box = element("div", { class: "chart", role: "img" });
  const table = element("div", { class: "table-box", hidden: "", tabindex: "0", role: "region" });
  const button = element("button", { class: "show-data", type: "button", "aria-expanded": "false" });
  const label = () =>
    board.word(button.getAttribute("aria-expanded") === "true" ? "data.hide" : "data.show");
  const refresh = () => {
    const open = button.getAttribute("aria-expanded") === "true";
    table.hidden = !open;
    box.hidden = open;
    button.title = label();
    button.setAttribute("aria-label", label());
    table.setAttribute("aria-label", title.textContent);
    table.replaceChildren(...(open ? [tableOf()] : []));
  };
  button.append(element("span", { text: "▦", "aria-hidden": "true" }));
  button.onclick = () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    refresh();
    board.resize();
  };
  refresh();
  const head = element("div", { class: "figure-head" }, [title, button]);
  const note = element("div", { class: "note" });
  const root = element("figure", { class: `figure ${name}` }, [head, box, table, note]);
  return { root, head, title, box, note, refresh };
}

/** <table> of a header and rows of text. */
function dataTable(header, rows) {
  const table = element("table", { class: "data" });
  const head = element("tr", {}, header.map((text) => element("th", { scope: "col", text })));
  table.append(element("thead", {}, [head]));
  const body = element("tbody");
  for (const row of rows) {
    body.append(element("tr", {}, row.map((text) => element("td", { text }))));
  }
  table.append(body);
  return table;
}

/** What boards of charts have in common: their words, their charts, their end. */
class ChartBoard {
  constructor(root) {
    this.root = root;
    this.charts = {};
    this.turn = 0;
    this.ready = false;
    this.watcher = new ResizeObserver(() => this.resize());
  }

  word(key) {
    return this.data.words[key] ?? key;
  }

  clear() {
    this.ready = false;
    this.turn += 1;
    this.watcher.disconnect();
    for (const chart of Object.values(this.charts)) chart.remove();
    this.charts = {};
  }

  destroy() {
    this.clear();
    this.root.replaceChildren();
  }
}

/** The function that shows what the server sent on the one board of its element. */
function mounting(Board) {
  const boards = new WeakMap();
  return ({ data, parentElement }) => {
    const root = parentElement.querySelector(".board");
    if (!root || !data) return undefined;
    if (!boards.has(root)) boards.set(root, new Board(root));
    const board = boards.get(root);
    board.update(data);
    return () => {
      board.destroy();
      boards.delete(root);
    };
  };
}
