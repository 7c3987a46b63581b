// Draws the pictures in the page's own colours. Asks for nothing.
"use strict";
(() => {
  const TOKENS = {"#0a0b01": "--ink", "#0a0b02": "--soft", "#0a0b03": "--line", "#0a0b04": "--bar", "#0a0b05": "--accent", "#0a0b06": "--paper"};
  Bokeh.set_log_level("error");
  const views = new Map();

  async function draw(figure) {
    const style = getComputedStyle(document.documentElement);
    const text = figure.querySelector("script").textContent
      .replace(/#0a0b0[1-6]/g, token => style.getPropertyValue(TOKENS[token]).trim());
    const place = figure.querySelector(".picture");
    place.replaceChildren();
    const item = JSON.parse(text);
    figure.hidden = false;
    const manager = await Bokeh.embed.embed_item(item, place);
    views.set(figure, [...manager.roots][0].model);
  }

  function faceSource(model) {
    return [...model.renderers].map(one => one.data_source).find(one => one && one.data.face);
  }

  // arrow keys walk through the faces of the map; the line below it says and shows which one it is
  function walk(figure) {
    const told = figure.querySelector(".told");
    let place = -1;
    figure.querySelector(".picture").addEventListener("keydown", event => {
      const steps = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1};
      const source = views.has(figure) && faceSource(views.get(figure));
      if (!source || !(event.key in steps)) return;
      event.preventDefault();
      const data = source.data, count = data.x.length;
      place = (place + steps[event.key] + count) % count;
      source.selected.indices = [place];
      const picture = document.createElement("img");
      picture.src = "data:image/jpeg;base64," + data.face[place];
      picture.alt = "face of " + data.label[place];
      const words = [data.label[place], data.path[place], data.said[place]].filter(Boolean).join(", ");
      told.replaceChildren(picture, " " + words);
    });
  }

  // what is out of sight is drawn when the browser is idle: text and tables come first
  const figures = [...document.querySelectorAll("figure.bokeh")];
  const begun = new Set();
  const begin = figure => {
    if (begun.has(figure)) return;
    begun.add(figure);
    draw(figure);
  };
  const idle = window.requestIdleCallback || (later => setTimeout(later, 200));
  figures.forEach((figure, place) => place ? idle(() => begin(figure)) : begin(figure));
  figures.filter(one => one.querySelector(".told")).forEach(walk);
  addEventListener("beforeprint", () => figures.forEach(begin));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => begun.forEach(draw));
})();
