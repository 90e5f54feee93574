// The table behind each chart.

/** Paths: one row a λ of the grid, one column a feature. */
function pathTable(board, side) {
  const header = ["λ", board.word("numbers.zero"), ...board.data.features];
  const rows = side.grid.map((i) => [
    formatNumber(side.lambda[i]),
    String(side.zero[i]),
    ...board.data.features.map((_, r) => formatNumber(side.weight(r, i))),
  ]);
  return dataTable(header, rows);
}

/** CV curve: one row a λ of the grid. */
function curveTable(board, side) {
  const names = ["cv", "train"].concat(side.test ? ["test"] : []);
  const header = ["λ", board.word(`numbers.cv_${board.data.score}`), "± SE", board.word("numbers.train")];
  if (side.test) header.push(board.word("numbers.test"));
  const rows = side.grid.map((i) => {
    const [cv, train, ...test] = names.map((name) => formatNumber(side[name][i]));
    return [formatNumber(side.lambda[i]), cv, formatNumber(side.se[i]), train, ...test];
  });
  return dataTable(header, rows);
}

/** Geometry: the solution and the touching contour at the current λ. */
function geometryTable(board, side) {
  const [a, b] = board.pair.map((r) => board.data.features[r]);
  const picture = board.geometryAt(side, side.index);
  const part = (name, points) =>
    points.map((p) => [board.word(name), formatNumber(p.x), formatNumber(p.y)]);
  const [x, y] = side.pairAt(board.pair, side.index);
  return dataTable(
    [board.word("data.position"), a, b],
    [
      ...part("data.solution", [{ x, y }]),
      ...part("data.ball", ballRows(side.penalty, [x, y], "")),
      ...part("data.contour", picture.rows.filter((p) => p.level === 1)),
    ],
  );
}

/** Weights at the current λ, in both scales: those with bars, then the others of the paths. */
function weightsTable(board, side) {
  const { barNames, barScales, features } = board.data;
  const header = ["data.feature", "data.weight", "data.original"].map((name) => board.word(name));
  const row = (name, u, scale) => [name, formatNumber(u), formatNumber(u / scale)];
  const bars = side.barsAt(side.index);
  const rows = bars.map(({ feature, value }) => row(barNames[feature], value, barScales[feature]));
  const shown = new Set(rows.map(([name]) => name));
  features.forEach((name, r) => {
    if (!shown.has(name)) rows.push(row(name, side.weight(r, side.index), side.scales[r]));
  });
  return dataTable(header, rows);
}
