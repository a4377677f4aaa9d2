"use strict";
// The table of recipients: all rows are in the page; a hundred stand in the table at a time, so it stays quick.
(() => {
  const rows = JSON.parse(document.getElementById("rows").textContent);
  const texts = JSON.parse(document.getElementById("texts").textContent);
  const PAGE = 100, PRINTED = 2000, STATE = 4, WHEN = 5, TRIES = 6, WORDS = 7, ATTEMPTS = 8;
  const body = document.querySelector("#recipients tbody");
  const status = document.getElementById("status");
  const search = document.getElementById("search"), only = document.getElementById("only");
  const before = document.getElementById("before"), after = document.getElementById("after");
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  // Folded once: a search over 50,000 rows is then one look at a string each.
  const haystack = rows.map((row) => fold([row[0], row[1], row[2], row[3], row[WORDS]].join("\n")));
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const order = ["in_doubt", "rejected", "bounced", "expired", "complained", "deferred", "withheld", "queued", "claimed", "sending", "accepted"];
  const worst = new Map(order.map((state, place) => [state, place]));
  let shown = [], page = 0, column = STATE, up = true;
  const ranks = new Map();

  // The place of every row in the order of one column, made when it is first asked for.
  function rank(column) {
    if (!ranks.has(column)) {
      const values = rows.map((row) => row[column]);
      const places = new Int32Array(rows.length);
      if (column === STATE) values.forEach((value, index) => { places[index] = worst.get(value) ?? 99; });
      else if (column === TRIES) values.forEach((value, index) => { places[index] = value; });
      else {
        const distinct = [...new Set(values)].sort(column === WHEN ? undefined : collator.compare);
        const place = new Map(distinct.map((value, index) => [value, index]));
        values.forEach((value, index) => { places[index] = place.get(value); });
      }
      ranks.set(column, places);
    }
    return ranks.get(column);
  }

  function choose() {
    const needles = fold(search.value).split(/\s+/).filter(Boolean), places = rank(column), sign = up ? 1 : -1;
    shown = [];
    for (let index = 0; index < rows.length; index++) {
      if (only.value && rows[index][STATE] !== only.value) continue;
      if (needles.every((needle) => haystack[index].includes(needle))) shown.push(index);
    }
    shown.sort((a, b) => sign * (places[a] - places[b]) || a - b);
    page = 0;
    draw();
  }

  function element(name, text, inner) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (inner) made.append(...inner);
    return made;
  }

  function line(row) {
    const [name, outlet, address, sector, state, when, tries, words, attempts] = row;
    const tag = element("span", texts.states[state] ?? state);
    tag.className = "tag s-" + state;
    const cells = [
      element("td", undefined, [element("b", name || address), element("br"), element("small", outlet)]),
      element("td", address), element("td", sector), element("td", undefined, [tag]), element("td", when),
      element("td", String(tries)), element("td", words),
    ];
    cells[5].className = "n";
    if (attempts.length) {
      const list = element("ol", undefined, attempts.map(([, at, state, reply, server]) =>
        element("li", `${at} · ${state} · ${reply}${server ? " (" + server + ")" : ""}`)));
      cells[6].append(element("details", undefined, [element("summary", `${texts.tries} (${attempts.length})`), list]));
    }
    return element("tr", undefined, cells);
  }

  function draw(all) {
    const from = all ? 0 : page * PAGE, to = all ? shown.length : Math.min(from + PAGE, shown.length);
    body.replaceChildren(...shown.slice(from, to).map((index) => line(rows[index])));
    status.textContent = `${shown.length ? from + 1 : 0}–${to} / ${shown.length} (${texts.shown} ${rows.length})`;
    before.disabled = page === 0;
    after.disabled = to >= shown.length;
    document.querySelectorAll("#recipients th").forEach((head, index) => {
      const own = [0, 2, 3, 4, 5, 6, 7][index];
      if (own === column) head.setAttribute("aria-sort", up ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
  }

  document.querySelectorAll("#recipients th button").forEach((button) => button.addEventListener("click", () => {
    const wanted = Number(button.dataset.column);
    up = wanted === column ? !up : true;
    column = wanted;
    choose();
  }));
  let waiting = 0;
  search.addEventListener("input", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(choose); });
  only.addEventListener("change", choose);
  before.addEventListener("click", () => { page--; draw(); });
  after.addEventListener("click", () => { page++; draw(); });
  addEventListener("beforeprint", () => { if (shown.length <= PRINTED) draw(true); });
  addEventListener("afterprint", () => draw());
  for (const state of new Set(rows.map((row) => row[STATE]))) {
    const option = element("option", texts.states[state] ?? state);
    option.value = state;
    only.append(option);
  }
  document.getElementById("table").hidden = false;
  choose();
  (window.requestIdleCallback ?? setTimeout)(() => rank(0)); // the slowest order, ready before it is asked for
})();
