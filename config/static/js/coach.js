/* A first look at a chosen photo, on the phone itself: the same arithmetic as on the server (intake/imaging/quality.py and
   fingerprint.py), so that a blurred, a dark or a repeated one is noticed while it can still be taken again. A hint only; the
   server's word is of record. */
"use strict";
(() => {
  const LONG = 512, BLUR_512 = 0.03, BLUR_256 = 0.04, DARK = 20, WHITE = 235, GLARE_RETAKE = 0.5, ADVISED_SIDE = 400;

  // fine over coarse change along one axis; brightness cancels out, so deep skin and shade are not called blurred
  const axis = (luma, width, height, step, lines, length, stride, rounding) => {
    let fine = 0, coarse = 0, fines = 0, coarses = 0;
    for (let line = 0; line < lines; line += 1) {
      const start = line * stride;
      for (let i = 1; i < length - 1; i += 1) {
        const at = start + i * step, d = luma[at - step] + luma[at + step] - 2 * luma[at];
        fine += d * d; fines += 1;
      }
      for (let i = 0; i < length - 4; i += 1) {
        const at = start + i * step, d = luma[at + 4 * step] - luma[at];
        coarse += d * d; coarses += 1;
      }
    }
    const f = Math.max(0, fine / fines - 0.5 * rounding), c = coarse / coarses - rounding / 6;
    return c > 0 ? f / c : 0;
  };
  const sharpness = (luma, width, height, rounding) => Math.min(
    axis(luma, width, height, 1, height, width, width, rounding),
    axis(luma, width, height, width, width, height, 1, rounding));
  const halved = (luma, width, height) => {
    const w = width >> 1, h = height >> 1, half = new Float64Array(w * h);
    for (let y = 0; y < h; y += 1) {
      for (let x = 0; x < w; x += 1) {
        const at = 2 * y * width + 2 * x;
        half[y * w + x] = (luma[at] + luma[at + 1] + luma[at + width] + luma[at + width + 1]) / 4;
      }
    }
    return [half, w, h];
  };
  const percentile = (sorted, share) => {
    const at = share * (sorted.length - 1), low = Math.floor(at);
    return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
  };

  // halves until close to the size wanted, then one last step: what a browser shrinks in one go is not smoothed
  const shrink = (picture) => {
    let { width, height } = picture, source = picture;
    const scale = Math.min(1, LONG / Math.max(width, height));
    const target = [Math.max(16, Math.round(width * scale)), Math.max(16, Math.round(height * scale))];
    const draw = (w, h) => {
      const canvas = document.createElement("canvas");
      canvas.width = w; canvas.height = h;
      const pen = canvas.getContext("2d", { willReadFrequently: w <= LONG && h <= LONG });
      pen.imageSmoothingEnabled = true; pen.imageSmoothingQuality = "high";
      pen.fillStyle = "#fff"; pen.fillRect(0, 0, w, h);
      pen.drawImage(source, 0, 0, w, h);
      source = canvas; width = w; height = h;
      return pen;
    };
    while (width >= 2 * target[0] && height >= 2 * target[1]) draw(Math.ceil(width / 2), Math.ceil(height / 2));
    return draw(...target).getImageData(0, 0, ...target);
  };

  const greys = (picture) => {
    const { data, width, height } = shrink(picture), luma = new Float64Array(width * height);
    for (let i = 0; i < luma.length; i += 1) {
      luma[i] = Math.round(0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]);
    }
    return { luma, width, height };
  };

  // What a picture looks like in 63 bits: the signs of the low frequencies of a 32 by 32 cosine transform.
  const SIDE = 32, KEPT = 8, SAME_WITHIN = 8, FLAT = 2;
  const cosine = (k, n) => Math.cos(Math.PI * (2 * n + 1) * k / (2 * SIDE));
  // each of the 32 is the mean of its share of the line, with the parts of points at its ends
  const averaged = (value, length) => Array.from({ length: SIDE }, (_, cell) => {
    const from = cell * length / SIDE, to = (cell + 1) * length / SIDE;
    let sum = 0;
    for (let at = Math.floor(from); at < to; at += 1) sum += value(at) * (Math.min(at + 1, to) - Math.max(at, from));
    return sum / (to - from);
  });
  const fingerprint = ({ luma, width, height }) => {
    const rows = Array.from({ length: height }, (_, y) => averaged((x) => luma[y * width + x], width));
    const columns = Array.from({ length: SIDE }, (_, x) => averaged((y) => rows[y][x], height));
    const all = columns.flat(), mean = all.reduce((sum, one) => sum + one, 0) / all.length;
    if (Math.sqrt(all.reduce((sum, one) => sum + (one - mean) ** 2, 0) / all.length) < FLAT) return "";
    const low = [];
    for (let v = 0; v < KEPT; v += 1) {
      for (let u = 0; u < KEPT; u += 1) {
        let sum = 0;
        for (let y = 0; y < SIDE; y += 1) for (let x = 0; x < SIDE; x += 1) sum += columns[x][y] * cosine(u, x) * cosine(v, y);
        low.push(sum);
      }
    }
    low.shift(); // the first is the mean brightness
    const middle = [...low].sort((a, b) => a - b)[low.length >> 1];
    return low.map((one) => one > middle ? "1" : "0").join("");
  };
  const alike = (one, other) => one && other && [...one].filter((bit, n) => bit !== other[n]).length <= SAME_WITHIN;

  const measure = (picture, { luma, width, height } = greys(picture)) => {
    const sorted = Float64Array.from(luma).sort();
    const p95 = percentile(sorted, 0.95), p995 = percentile(sorted, 0.995);
    let bright = 0;
    if (p995 > 60) for (const level of luma) if (level >= p995 * 0.985) bright += 1;
    return {
      q512: sharpness(luma, width, height, 1), q256: sharpness(...halved(luma, width, height), 0.25),
      p95, p995, glare: bright / luma.length, short_side: Math.min(picture.width, picture.height),
    };
  };
  const judge = (scores) => {
    const reasons = [];
    if (scores.short_side < ADVISED_SIDE) reasons.push("too_small");
    if (scores.p95 < DARK) reasons.push("too_dark");
    else if (scores.glare > GLARE_RETAKE) reasons.push(scores.p995 >= WHITE ? "too_bright" : "blank");
    const judged = !reasons.includes("blank") && !reasons.includes("too_dark");
    if (judged && (scores.q512 < BLUR_512 || scores.q256 < BLUR_256)) reasons.push("blurred");
    return reasons;
  };

  window.dermforwardCoach = {
    /** What is doubtful about this photo, and what it looks like: {reasons, print}; "again" when it looks like one of
        `others`. Nothing of it when the browser cannot open the photo. */
    async look(blob, others = []) {
      let picture = null;
      try {
        picture = await createImageBitmap(blob);
        const small = greys(picture), reasons = judge(measure(picture, small)), print = fingerprint(small);
        if (others.some((other) => alike(print, other))) reasons.push("again");
        return { reasons, print };
      } catch (error) {
        return { reasons: [], print: "" }; // a format that only the server reads, such as HEIC
      } finally {
        if (picture) picture.close();
      }
    },
    /** What a picture on the page looks like; "" while it is not there. */
    printOf(image) { return image.complete && image.naturalWidth ? fingerprint(greys(image)) : ""; },
    async scores(blob) { const picture = await createImageBitmap(blob); const found = measure(picture); picture.close(); return found; },
  };
})();
