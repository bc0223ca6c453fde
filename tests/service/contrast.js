// Each text of the page against the colour behind it, by WCAG 2.1's formula.
(() => {
  const parse = text => {
    const [r, g, b, a] = text.match(/[\d.]+/g).map(Number);
    return {r, g, b, a: a === undefined ? 1 : a};
  };
  const channel = value => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  const light = c => 0.2126 * channel(c.r) + 0.7152 * channel(c.g) + 0.0722 * channel(c.b);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.a === 1) return colour;
      if (colour.a > 0) throw new Error("a half transparent background: work out what it looks like");
    }
    return parse(getComputedStyle(document.documentElement).backgroundColor);
  };
  const weak = [];
  let checked = 0;
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join("").trim();
    if (!text || element.closest("svg")) continue;
    const front = light(parse(getComputedStyle(element).color));
    const back = light(behind(element));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    ++checked;
    if (ratio < 4.5) weak.push([text.slice(0, 40), Math.round(ratio * 100) / 100]);
  }
  return {checked, weak, paper: light(behind(document.body))};
})()
