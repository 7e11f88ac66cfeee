/* Charts drawn from the tables beside them: the table is the data, so the two cannot disagree. Every bar and the last
   point of every line carries its number. Without this script the tables are there alone. */
"use strict";
(() => {
  const value = (cell) => { const n = parseFloat(cell.textContent); return Number.isNaN(n) ? null : n; };
  const read = (table, columns) => {
    const rows = [...table.tBodies[0].rows];
    return {
      labels: rows.map((row) => row.cells[0].textContent.trim()),
      names: columns.map((n) => table.tHead.rows[0].cells[n].textContent.trim()),
      values: columns.map((n) => rows.map((row) => value(row.cells[n]))),
    };
  };
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // A number above each bar; of a line the last point, with its name.
  const numbers = (kind, data, unit, tones) => (u) => {
    const { ctx } = u, scale = devicePixelRatio;
    ctx.save();
    ctx.font = `600 ${12 * scale}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textAlign = "center";
    const room = u.bbox.width / Math.max(1, data.labels.length);
    data.values.forEach((series, s) => {
      ctx.fillStyle = tones[s];
      series.forEach((number, n) => {
        if (number === null || (kind === "bars" && number === 0)) return;
        const isLast = series.slice(n + 1).every((one) => one === null);
        if (kind === "lines" && !isLast && room < 44 * scale) return;
        const shift = kind === "bars" && data.values.length > 1 ? (s ? 1 : -1) * Math.min(room * 0.34, 48 * scale) / 2 : 0;
        const text = room < 22 * scale * data.values.length && kind === "bars" && number > 99 ? "" : `${number}${unit ? ` ${unit}` : ""}`;
        ctx.fillText(text, u.valToPos(n, "x", true) + shift, u.valToPos(number, "y", true) - 6 * scale);
      });
    });
    ctx.restore();
  };

  // An empty frame says nothing that the sentence and the table do not say.
  const isEmpty = (kind, data) => data.values.every((series) => series.every((n) => n === null || (kind === "bars" && n === 0)));
  const WHOLE = [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6].map((power) => n * 10 ** power)).sort((a, b) => a - b);

  const draw = (figure) => {
    const table = document.getElementById(figure.dataset.chart);
    const data = read(table, figure.dataset.series.split(",").map(Number));
    const kind = figure.dataset.kind, unit = figure.dataset.unit;
    if (isEmpty(kind, data)) return null;
    figure.hidden = false;
    const tones = [color("--brand"), color("--wait-solid")], ink = color("--ink-2"), line = color("--line");
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line }, font: `12px ${getComputedStyle(document.body).fontFamily}` };
    const bars = (s) => uPlot.paths.bars({ size: [data.values.length > 1 ? 0.34 : 0.6, 48], align: data.values.length > 1 ? (s ? 1 : -1) : 0 });
    const plot = new uPlot({
      width: figure.clientWidth, height: 240, legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false, range: [-0.6, data.labels.length - 0.4] }, y: { range: (u, low, high) => [0, Math.max(1, high * 1.18)] } },
      axes: [
        { ...axis, grid: { show: false }, splits: () => { const step = Math.ceil(data.labels.length / Math.max(2, Math.floor(figure.clientWidth / 90))); return data.labels.map((_, n) => n).filter((n) => n % step === 0); }, values: (u, splits) => splits.map((n) => data.labels[n] ?? "") },
        // what is counted has no halves
        { ...axis, size: 46, ...(unit ? {} : { incrs: WHOLE }) },
      ],
      series: [{}, ...data.names.map((label, s) => ({
        label, stroke: tones[s], width: 2, spanGaps: true, dash: kind === "lines" && s ? [6, 4] : undefined,
        fill: kind === "bars" ? (s ? color("--wait-soft") : tones[s]) : undefined, points: { show: kind === "lines", size: 7, fill: s ? color("--surface") : tones[s] },
        paths: kind === "bars" ? bars(s) : undefined,
      }))],
      hooks: { draw: [numbers(kind, data, unit, tones)] },
    }, [data.labels.map((_, n) => n), ...data.values], figure);
    const legend = document.createElement("figcaption");
    legend.className = "measure-legend";
    data.names.forEach((name, s) => {
      const one = document.createElement("span");
      const mark = document.createElement("span");
      mark.className = `measure-key measure-key-${kind}-${s}`;
      one.append(mark, name);
      legend.append(one);
    });
    figure.append(legend);
    return plot;
  };

  for (const figure of document.querySelectorAll("[data-chart]")) {
    const plot = draw(figure);
    if (plot) new ResizeObserver(() => { if (figure.clientWidth && figure.clientWidth !== plot.width) plot.setSize({ width: figure.clientWidth, height: 240 }); }).observe(figure);
  }
})();
