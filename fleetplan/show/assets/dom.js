"use strict";
/*
 * Building blocks of a panel and the cards on a map. Every text is put in with textContent.
 */
(function () {
  /** An element with attributes, children and texts. */
  function make(tag, attributes) {
    var element = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) {
      if (typeof attributes[name] === "function") { element.addEventListener(name, attributes[name]); }
      else { element.setAttribute(name, attributes[name]); }
    });
    Array.prototype.slice.call(arguments, 2).forEach(function (child) {
      if (child === null || child === undefined) { return; }
      element.appendChild(typeof child === "object" ? child : document.createTextNode(String(child)));
    });
    return element;
  }

  /** A part of the panel that opens and closes. */
  function section(title, open, parts, kind) {
    var details = make("details", { "class": "fp-section " + (kind || "") }, make("summary", {}, make("h2", {}, title)));
    details.open = open;
    parts.forEach(function (part) { if (part) { details.appendChild(part); } });
    return details;
  }

  /** Texts as a list. */
  function list(texts, kind) {
    return make.apply(null, [kind || "ul", { "class": "fp-notes" }].concat(texts.map(function (text) { return make("li", {}, text); })));
  }

  /** A small picture drawn by the map's own pens. */
  function sign(width, draw) {
    var canvas = make("canvas", { "class": "fp-sign", "aria-hidden": "true" }), context = canvas.getContext("2d");
    canvas.width = width * 2;
    canvas.height = 44;
    canvas.style.width = width + "px";
    canvas.style.height = "22px";
    context.scale(2, 2);
    draw(context);
    return canvas;
  }

  /** Opens a card (at most `height` pixels, else 320) on the map and moves the focus into it; Escape closes it and gives the focus back. */
  function popup(at, content, height) {
    var before = document.activeElement;
    var room = Math.min(300, fleetplan.map.getSize().x - 110);  // beside the zoom buttons
    L.popup({ maxWidth: room, maxHeight: height || 320, autoPanPaddingTopLeft: [58, 12], autoPanPaddingBottomRight: [12, 30] }).setLatLng(at).setContent(content).openOn(fleetplan.map);
    content.setAttribute("tabindex", "-1");
    content.addEventListener("keydown", function (event) {
      if (event.key === "Escape") {
        fleetplan.map.closePopup();
        before.focus();
      }
    });
    content.focus({ preventScroll: true });
  }

  fleetplan.make = make;
  fleetplan.section = section;
  fleetplan.list = list;
  fleetplan.sign = sign;
  fleetplan.popup = popup;
})();
