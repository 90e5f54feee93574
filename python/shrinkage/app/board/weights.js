// The bars: the weights of a side at its λ, on an axis that reaches to the largest of them.

/** The next of few numbers from here on: an axis that ends at one of them seldom moves. */
function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 1.5, 2, 3, 5, 7, 10];
  return power * steps.find((step) => step * (1 + 1e-12) >= value / power);
}

/** The axes reach to the largest weight at this λ, to one end where the sides are alike. */
function scaleWeights(board, moved) {
  const largest = Object.fromEntries(board.sides.map((s) => [s.penalty, s.largestBar(s.index)]));
  const ends = sharedExtents(largest);
  for (const side of board.sides) {
    const extent = roundUp(ends[side.penalty] || Math.max(...Object.values(largest)));
    if (extent === side.extent) continue;
    side.extent = extent;
    const chart = board.charts[`weights${side.penalty}`];
    chart.signal("extent", extent);
    if (!moved.includes(side)) chart.run();
  }
}

/** Those kept before exact zeros, largest first; where all have bars each keeps its place. */
function drawWeights(board, side) {
  const { index: i, color } = side;
  const { barLabels, bars, total } = board.data;
  const largest = side.largestBar(i);
  const shown = side.barsAt(i);
  const rows = shown.map(({ value }, order) => {
    const small = Math.abs(value) < 0.01 * largest;
    const state = value === 0 ? "zero" : small ? "small" : "kept";
    return { order, value, state, color, text: formatNumber(value) };
  });
  const chart = board.charts[`weights${side.penalty}`];
  chart.data("bars", rows);
  chart.data("names", shown.map(({ feature }, order) => ({ order, text: barLabels[feature] })));
  const key = bars < total ? "title.weights_top" : "title.weights";
  board.headline("weights", side, board.countTitle(side, key));
}
