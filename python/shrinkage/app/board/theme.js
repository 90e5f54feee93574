// Colours and fonts of the page, as Vega's configuration.

/** What the charts take from the page; `signature` changes when any of it does. */
function readTheme(element) {
  const css = getComputedStyle(element);
  const pick = (name, otherwise) => {
    const value = css.getPropertyValue(name).trim();
    return value && value !== "unset" ? value : otherwise;
  };
  const theme = {
    text: pick("--st-text-color", "#31333f"),
    background: pick("--st-background-color", "#ffffff"),
    border: pick("--st-border-color", "#8a8f98"),
    font: pick("--st-font", "sans-serif"),
  };
  const dark = isLight(theme.text);
  return { ...theme, dark, signature: Object.values(theme).join("|") };
}

/** Whether a CSS colour is nearer to white than to black. */
function isLight(color) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.fillStyle = color;
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b] = pen.getImageData(0, 0, 1, 1).data;
  return 0.299 * r + 0.587 * g + 0.114 * b > 127;
}

/** Vega-Lite configuration for a theme, over the one that comes with the specification. */
function vegaConfig(theme, base) {
  return {
    ...base,
    background: "transparent",
    font: theme.font,
    axis: {
      ...base.axis,
      labelColor: theme.text,
      titleColor: theme.text,
      gridColor: theme.border,
      labelOpacity: 0.85,
    },
    text: { color: theme.text },
  };
}
