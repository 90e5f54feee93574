// Pointing at charts: a press or drag moves λ, hovering names a path.

const REACH = 14; // pixels within which a path counts as pointed at

/** Pressing or dragging on a path or a CV curve moves λ there. */
function makeDraggable(board, kind, side) {
  const name = kind + side.penalty;
  const box = board.figures[name].box;
  const move = (event) => {
    const at = board.charts[name]?.invert(event);
    if (at) board.moveTo(positionNear(board, side, at.x));
  };
  box.onpointerdown = (event) => {
    const inside = board.charts[name]?.invert(event)?.inside;
    if (event.button !== 0 || event.pointerType === "touch" || !inside) return;
    box.setPointerCapture(event.pointerId);
    move(event);
    event.preventDefault();
  };
  box.addEventListener("pointermove", (event) => {
    if (box.hasPointerCapture(event.pointerId)) move(event);
  });
}

/** Position of the control at which a side's λ is nearest to −log λ = x. */
function positionNear(board, side, x) {
  let best = 0;
  let distance = Infinity;
  for (let i = 0; i < board.steps(); i += 1) {
    const away = Math.abs(side.x[board.indexAt(side, i)] - x);
    if (away < distance - 1e-9) [best, distance] = [i, away];
  }
  return best;
}

/** Pointing at a path names its feature and lifts it on both sides. */
function makeHover(board, side) {
  const { box } = board.figures[`path${side.penalty}`];
  box.addEventListener("pointermove", (event) => {
    const chart = board.charts[`path${side.penalty}`];
    const at = chart?.invert(event);
    point(board, at && at.inside ? featureNear(board, side, chart, at) : -1, event);
  });
  box.addEventListener("pointerleave", () => point(board, -1, null));
}

function featureNear(board, side, chart, at) {
  let i = side.grid[0];
  for (const g of side.grid) if (Math.abs(side.x[g] - at.x) < Math.abs(side.x[i] - at.x)) i = g;
  const scale = chart.view.scale("y");
  let best = -1;
  let distance = REACH;
  for (let r = 0; r < board.data.features.length; r += 1) {
    const away = Math.abs(scale(side.weight(r, i)) - at.pixel);
    if (away < distance) [best, distance] = [r, away];
  }
  return best;
}

function point(board, rank, event) {
  board.tip.hidden = rank < 0;
  if (rank >= 0) {
    const frame = board.root.getBoundingClientRect();
    const weights = board.sides.map(
      (s) => `${board.word(`side.${s.penalty}`)} ${formatNumber(s.weight(rank, s.index))}`,
    );
    setText(board.tip, [board.data.features[rank], ...weights].join("  "));
    const most = Math.max(frame.width - board.tip.offsetWidth - 4, 0);
    const left = Math.min(event.clientX - frame.left + 12, most);
    board.tip.style.transform = `translate(${left}px, ${event.clientY - frame.top + 14}px)`;
  }
  if (rank === board.hover) return;
  board.hover = rank;
  for (const p of PENALTIES) {
    board.charts[`path${p}`].signal("hover", rank);
    board.charts[`path${p}`].run();
  }
}
