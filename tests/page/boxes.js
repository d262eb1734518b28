// Finds numbers that are cut off or covered, and names that are too narrow. Runs in the page, before its own scripts.

globalThis.boxes = (() => {
  /** Elements whose text may end in an ellipsis: names and texts that are shown completely when their row is opened. */
  const ELLIPSES = '.feed :is(.type, .of, .user), .brief .word';
  const NAMED = '.k-name a, .path, .errors .of, #endpoints-table .of, #detail th[scope=row], #scope-title, #verdict a, .feed .type';
  const NUMBER = /^[<+▲▼=±(]*[\d.,:/%×KMBTE+-]+[a-z%;.,)]*$/;
  const CANVAS = CanvasRenderingContext2D.prototype;

  const named = (place) => `${place.tagName.toLowerCase()}.${place.className?.baseVal ?? place.className}`;
  const clips = (style) => /hidden|clip|auto|scroll/.test(style.overflowX + style.overflowY);

  /** Each rendered word with a digit, with its boxes: a sentence may wrap, but a number may not. */
  function words() {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!/\d/.test(node.data) || parent.closest(`.hidden, script, style, noscript, option, ${ELLIPSES}`)) continue;
      if (!parent.checkVisibility({ visibilityProperty: true })) continue;
      const range = document.createRange();
      for (const { index, 0: word } of node.data.matchAll(/\S*\d\S*/g)) {
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        const rects = [...range.getClientRects()].filter((rect) => rect.width > 0);
        if (rects.length) found.push({ node, parent, word, rects });
      }
    }
    return found;
  }

  /** How the ancestors of `parent` clip `rect`: a description, '' if they do not, null if they hide all of it. */
  function cutBy(parent, rect) {
    for (let place = parent; place !== document.documentElement; place = place.parentElement) {
      const style = getComputedStyle(place);
      if (!clips(style)) continue;
      const box = place.getBoundingClientRect();
      if (rect.bottom <= box.top + 1 || rect.top >= box.bottom - 1) return null;
      const isOver = rect.top < box.top - 1.5 || rect.bottom > box.bottom + 1.5;
      if (isOver && /auto|scroll/.test(style.overflowY)) return null; // half scrolled away
      if (isOver) return 'cut above or below';
      if (rect.left < box.left - 1 || rect.right > box.right + 1) return 'cut at the side';
    }
    return rect.left < -1 || rect.right > innerWidth + 1 ? 'outside of the page' : '';
  }

  /** A function that says whether the box of an element that is unrelated to `parent` is over a part of `rect`. */
  function neighbours() {
    const places = [...document.body.querySelectorAll('*')];
    const edges = new Float64Array(places.length * 4);
    places.forEach((place, index) => {
      const { left, top, right, bottom } = place.getBoundingClientRect();
      edges.set([left, top, right, bottom], index * 4);
    });
    return (parent, rect) => {
      const { left, top, right, bottom } = rect;
      return places.some((place, index) => {
        const at = index * 4;
        if (edges[at] > right - 2 || edges[at + 1] > bottom - 1 || edges[at + 2] < left + 2 || edges[at + 3] < top + 1) return false;
        return !place.contains(parent) && !parent.contains(place);
      });
    };
  }

  /** An element over `rect`: in its middle, and at both ends if another box is met there (each point takes half a millisecond). */
  function coveredBy(parent, rect, isMet) {
    const y = (rect.top + rect.bottom) / 2;
    for (const x of [(rect.left + rect.right) / 2, ...(isMet ? [rect.left + 2, rect.right - 2] : [])]) {
      const hit = document.elementFromPoint(x, y);
      if (hit && !parent.contains(hit) && !hit.contains(parent) && !hit.closest('label')?.contains(parent)) return hit;
    }
    return null;
  }

  /** Numbers that are cut off, broken over lines, outside of the page, or covered. */
  function cut() {
    const wrong = new Set();
    const shown = [];
    const isMet = neighbours();
    const say = (what, { parent, word }) => wrong.add(`${what}: ${word.slice(0, 40)} in ${named(parent)} of ${parent.closest('[id]')?.id}`);
    for (const one of words()) {
      if (NUMBER.test(one.word) && one.rects.length > 1) say('broken', one);
      for (const rect of one.rects) {
        const how = cutBy(one.parent, rect);
        if (how === null) continue;
        if (how) say(how, one);
        const over = coveredBy(one.parent, rect, isMet(one.parent, rect));
        if (over) say(`covered by ${named(over)}`, one);
        if (!one.parent.closest('.feed, .scroll')) shown.push({ ...one, rect });
      }
    }
    shown.forEach((one, index) => {
      for (const { node, word, rect } of shown.slice(index + 1)) {
        const across = Math.min(one.rect.right, rect.right) - Math.max(one.rect.left, rect.left);
        const down = Math.min(one.rect.bottom, rect.bottom) - Math.max(one.rect.top, rect.top);
        if (node !== one.node && across > 1 && down > 4) say(`over “${word}”`, one);
      }
    });
    return [...wrong];
  }

  /** Names longer than `least` digits that have less space than these digits need. */
  function narrow(least) {
    const found = new Set();
    const pen = document.createElement('canvas').getContext('2d');
    for (const place of document.querySelectorAll(NAMED)) {
      if (!place.checkVisibility() || !place.textContent) continue;
      const range = document.createRange();
      range.selectNodeContents(place);
      pen.font = getComputedStyle(place).font;
      const wanted = Math.min(pen.measureText(place.textContent).width, pen.measureText('0').width * least) - 1;
      const box = place.getBoundingClientRect();
      const scale = box.width / place.offsetWidth || 1; // printed pages are scaled
      const widest = Math.min(range.getBoundingClientRect().width, box.width);
      if (widest < wanted * Math.min(1, scale)) found.add(`narrow: ${named(place)} ${place.textContent.slice(0, 20)}: ${Math.round(widest)} of ${Math.round(wanted)} px`);
    }
    return [...found];
  }

  /** Elements that make the page scroll horizontally. */
  function wide() {
    if (document.documentElement.scrollWidth <= innerWidth + 1) return [];
    const found = [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > innerWidth + 1);
    return [`the page is wider than the window: ${found.slice(0, 5).map(named)}`];
  }

  const { fillText, clearRect } = CANVAS;
  CANVAS.clearRect = function (...box) {
    this.canvas.labels = [];
    clearRect.apply(this, box);
  };
  CANVAS.fillText = function (text, x, y, ...rest) {
    const size = this.measureText(text);
    const at = this.getTransform().transformPoint({ x, y });
    const box = { left: at.x - size.actualBoundingBoxLeft, right: at.x + size.actualBoundingBoxRight, top: at.y - size.actualBoundingBoxAscent, bottom: at.y + size.actualBoundingBoxDescent };
    (this.canvas.labels ??= []).push({ text, ...box });
    fillText.call(this, text, x, y, ...rest);
  };

  const canvases = () => [...document.querySelectorAll('.plot canvas')].filter((canvas) => canvas.checkVisibility());
  const labelsOf = (canvas) => (canvas.labels ?? []).filter(({ text }) => text);

  /** Labels of charts that leave the canvas or overlap. */
  function labels() {
    return canvases().flatMap((canvas) => {
      const found = labelsOf(canvas);
      const isOut = ({ left, right, top, bottom }) => left < -0.5 || top < -0.5 || right > canvas.width + 0.5 || bottom > canvas.height + 0.5;
      const wrong = found.filter(isOut).map(({ text }) => `label outside of its chart: ${text}`);
      found.forEach((one, index) => {
        for (const { text, left, right, top, bottom } of found.slice(index + 1)) {
          if (one.left < right && left < one.right && one.top < bottom && top < one.bottom) wrong.push(`labels over each other: ${one.text} and ${text}`);
        }
      });
      return found.length ? wrong : ['a chart without labels'];
    });
  }

  /** Show `name` and `numbers` in tiles and tables, and measure before a snapshot can replace them. */
  async function tryOut(name, numbers) {
    const { briefPercent, count, decimal, ms, percent, rate, short, span } = await import('/assets/format.js');
    const formats = [short, decimal, ms, percent, (value) => span(value / 1000)];
    const put = (place, text) => (place.textContent = text);
    for (const row of document.querySelectorAll('#services-table tbody tr')) {
      put(row.querySelector('th a'), name);
      row.querySelectorAll('td.n').forEach((cell, index) => put(cell, formats[index % formats.length](numbers[index])));
    }
    const total = (value) => (value < 1e9 ? count : short)(value);
    const figures = [total, rate, briefPercent, ms, short];
    document.querySelectorAll('#figures strong').forEach((place, index) => put(place, figures[index](numbers[index])));
    document.querySelectorAll('#figures .change').forEach((place, index) => put(place, `usually ${figures[index](numbers[index + 1])}`));
    document.querySelectorAll('#errors-list summary').forEach((row, index) => {
      put(row.querySelector('.times'), `${count(1 + (index % 1000))} ×`);
      for (const place of row.querySelectorAll('.what, .of, .where')) put(place, name);
    });
    document.querySelectorAll('#endpoints-table tbody tr').forEach((row, index) => {
      put(row.querySelector('.path'), name);
      put(row.cells[1].firstChild, short(numbers[index % 8]));
      put(row.cells[2], ms(numbers[(index + 1) % 8]));
    });
    return [...cut(), ...narrow(8), ...wide()];
  }

  return {
    find: () => [...cut(), ...narrow(8), ...labels(), ...wide()],
    tryOut,
    labels: () => canvases().map((canvas) => labelsOf(canvas).map(({ text }) => text)),
  };
})();
