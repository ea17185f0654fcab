"use strict";
/*
 * The panel beside the access map: what is compared, what differs, tables, a search for streets; and the cards of
 * streets. Every text is put in with textContent.
 */
(function () {
  var data = fleetplan.data, view = fleetplan.view, vehicles = data.vehicles;
  var make = fleetplan.make, section = fleetplan.section, list = fleetplan.list, sign = fleetplan.sign;
  var BANDS = ["free", "tight: passes slowly, others wait", "closed: too narrow", "closed by sign or rule"];
  var SHORT = ["free", "tight", "closed", "closed by sign or rule"];
  var HEADS = ["free", "tight", "too narrow", "by rule"];
  var SHOWN_AT_FIRST = 12, SHOWN_MORE = 50, FOUND_MOST = 20;
  var legend, openSheet;

  /* ---- head ---- */

  function head() {
    var button = make("button", { type: "button", "class": "fp-sheet", click: function () { openSheet(!document.body.classList.contains("fp-open")); } });
    /** On a phone, the panel as a sheet over half of the screen. */
    openSheet = function (open) {
      document.body.classList.toggle("fp-open", open);
      button.setAttribute("aria-expanded", String(open));
      button.textContent = open ? "Show more map" : "Show streets and figures";
      if (!fleetplan.tiles) { return; }
      if (open) { fleetplan.map.closePopup(); }  // there is no room for both
      fleetplan.map.invalidateSize({ animate: false });
    };
    openSheet(false);
    legend = make("ul", { "class": "fp-legend", "aria-label": "Legend with kilometres of street", "aria-live": "polite" });
    return make("header", {}, make("h1", {}, data.title), make("p", { "class": "fp-place" }, data.place),
      make("p", { "class": "fp-settings" }, data.settings),
      make("p", { "class": "fp-verdict" }, data.verdict[0]), modes(), legend, button);
  }

  /** Which map is shown: the difference, or one vehicle's streets. */
  function modes() {
    var group = make("fieldset", { "class": "fp-modes" }, make("legend", { "class": "fp-hidden" }, "Show on the map"));
    [["difference", "Difference"], ["0", vehicles[0].name], ["1", vehicles[1].name]].forEach(function (item) {
      var button = make("input", { type: "radio", name: "fp-mode", value: item[0], id: "fp-mode-" + item[0], change: function () {
        view.mode = item[0];
        fillLegend();
        fleetplan.redraw();
      } });
      button.checked = view.mode === item[0];
      group.appendChild(make("label", { "for": "fp-mode-" + item[0] }, button, make("span", {}, item[1])));
    });
    return group;
  }

  function fillLegend() {
    function add(pen, text, km, minor) {
      legend.appendChild(make("li", { "class": minor ? "fp-minor" : "" },
        sign(44, function (context) {
          if (pen) { fleetplan.drawAccess(context, [4, 11, 40, 11], pen); }
          else { fleetplan.trace(context, [4, 11, 40, 11]); fleetplan.stroke(context, "#c9c4bb", 6); fleetplan.stroke(context, "#ffffff", 4.4); }
        }), make("span", { "class": "fp-what" }, text), make("span", { "class": "fp-km" }, km === "\u2013" ? "none" : km + " km")));
    }
    var order = vehicles[0].narrower ? [0, 1] : [1, 0];
    legend.textContent = "";
    if (view.mode === "difference") {
      order.forEach(function (v, minor) {
        add(fleetplan.penOf("only", v), "only " + vehicles[v].name + " passes", data.legend.only[v], minor && data.legend.only[v] === "\u2013");
      });
      order.forEach(function (v) {
        if (data.legend.easier[v] !== "\u2013") {
          add(fleetplan.penOf("easier", v), "both pass, " + vehicles[1 - v].name + " only slowly", data.legend.easier[v], v !== order[0]);
        }
      });
      add(null, "both pass alike", data.legend.alike, true);
      add("law", "neither passes", data.legend.neither, true);
    } else {
      ["free", "squeezed", "room", "law"].forEach(function (pen, band) {
        add(pen, BANDS[band], data.legend.bands[Number(view.mode)][band], band === 0);
      });
    }
    data.corners.places.forEach(function (counts, v) {
      [true, false].forEach(function (hard, i) {
        if (!counts[i]) { return; }
        var text = hard ? "corner that only " + vehicles[1 - v].name + " can turn" : "corner where only " + vehicles[v].name + " needs several moves";
        legend.appendChild(make("li", { "class": "fp-minor" }, sign(44, function (context) { fleetplan.drawCorner(context, 22, 11, hard, v); }),
          make("span", { "class": "fp-what" }, text), make("span", { "class": "fp-km" }, counts[i].toLocaleString("en"))));
      });
    });
  }

  function toggle(id, text, act) {
    var box = make("input", { type: "checkbox", id: id, change: function () { act(box.checked); fleetplan.redrawOver(); } });
    box.checked = true;
    return make("label", { "class": "fp-toggle", "for": id }, box, make("span", {}, text));
  }

  function switches() {
    var group = make("div", { "class": "fp-switches" }, toggle("fp-names", "Street names (from zoom 15)", function (on) { view.names = on; }));
    if (fleetplan.corners.length) { group.appendChild(toggle("fp-corners", "Corners (the easier ones from zoom 16)", function (on) { view.corners = on; })); }
    return group;
  }

  /* ---- streets as lists ---- */

  function metres(m) { return m >= 999.5 ? (m / 1000).toFixed(1) + " km" : Math.round(m) + " m"; }

  function kindOf(line) { return fleetplan.city.kinds[fleetplan.city.kind[line]]; }

  function classOf(line) {
    var kind = kindOf(line), name = data.streets.classes[kind["class"]][0], service = data.streets.services[kind.service];
    return name + (service ? " (" + service + ")" : "");
  }

  /** A street's name; of one without, its class and the closest street that has a name. */
  function titleOf(line) {
    if (fleetplan.nameOf(line)) { return fleetplan.nameOf(line); }
    var middle = fleetplan.middleOf(line), far = 250 / fleetplan.metresPerWorldPixel, near = -1, city = fleetplan.city;
    fleetplan.streetsIn([middle[0] - far, middle[1] - far, middle[0] + far, middle[1] + far]).forEach(function (other) {
      if (!fleetplan.nameOf(other)) { return; }
      var away = fleetplan.distanceTo(city.xy.subarray(2 * city.start[other], 2 * city.start[other + 1]), { x: middle[0], y: middle[1] });
      if (away < far) { far = away; near = other; }
    });
    var service = data.streets.services[kindOf(line).service];
    var word = service ? service.charAt(0).toUpperCase() + service.slice(1) : data.streets.classes[kindOf(line)["class"]][2];
    return word + (near < 0 ? " without a name" : " near " + fleetplan.nameOf(near));
  }

  /** A row of a list: chooses stretches and opens the card of the longest. */
  function row(lines, text, length) {
    return make("li", {}, make("button", { type: "button", click: function () { choose(lines, longest(lines), true); } },
      make("span", { "class": "fp-name" }, text), make("span", { "class": "fp-time" }, metres(length))));
  }

  function longest(lines) {
    return lines.reduce(function (best, line) { return fleetplan.city.length[line] > fleetplan.city.length[best] ? line : best; });
  }

  /** Stretches that only one vehicle passes, by street; where a street has no name, by way. */
  function onlyStreets(vehicle) {
    var city = fleetplan.city, pen = fleetplan.penOf("only", vehicle), groups = new Map();
    for (var line = 0; line < city.n; line++) {
      if (kindOf(line).pens.difference !== pen) { continue; }
      var key = fleetplan.nameOf(line) ? "n" + city.name[line] : "w" + city.way[line], group = groups.get(key);
      if (!group) { groups.set(key, group = { lines: [], length: 0 }); }
      group.lines.push(line);
      group.length += city.length[line];
    }
    return Array.from(groups.values()).sort(function (a, b) { return b.length - a.length || a.lines[0] - b.lines[0]; });
  }

  function onlyList(vehicle) {
    var groups = onlyStreets(vehicle), items = make("ul", { "class": "fp-streets" }), shown = 0;
    var more = make("button", { type: "button", "class": "fp-only", click: function () { show(SHOWN_MORE); } });
    function show(count) {
      groups.slice(shown, shown + count).forEach(function (group) { items.appendChild(row(group.lines, titleOf(longest(group.lines)), group.length)); });
      shown = Math.min(groups.length, shown + count);
      more.textContent = "Show more (" + (groups.length - shown).toLocaleString("en") + " left)";
      more.hidden = shown === groups.length;
    }
    show(SHOWN_AT_FIRST);
    var head = make("h3", {}, "Only " + vehicles[vehicle].name + " passes: " + data.legend.only[vehicle] + " km, " + groups.length.toLocaleString("en") + (groups.length === 1 ? " street" : " streets"));
    return groups.length ? make("div", {}, head, items, more) : null;
  }

  function onlySection() {
    var parts = (vehicles[0].narrower ? [0, 1] : [1, 0]).map(onlyList);
    return parts.some(Boolean) ? parts : [make("p", {}, data.verdict[0])];
  }

  /* ---- search ---- */

  function plain(text) { return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase(); }

  function search() {
    var found = make("ul", { "class": "fp-streets" }), said = make("p", { role: "status", "class": "fp-place" }), folded = null;
    var field = make("input", { type: "search", id: "fp-search", autocomplete: "off", spellcheck: "false", input: function () {
      var wanted = plain(field.value.trim());
      folded = folded || data.streets.names.map(plain);
      found.textContent = "";
      said.textContent = "";
      if (!wanted) { return; }
      var names = folded.map(function (_, i) { return i; }).filter(function (i) { return folded[i].indexOf(wanted) >= 0; });
      names.sort(function (a, b) { return folded[a].indexOf(wanted) - folded[b].indexOf(wanted) || folded[a].length - folded[b].length || a - b; });
      said.textContent = names.length ? names.length + (names.length === 1 ? " street" : " streets") + (names.length > FOUND_MOST ? ", the first " + FOUND_MOST : "") : "No street of this name";
      var lines = linesOf(names.slice(0, FOUND_MOST));
      names.slice(0, FOUND_MOST).forEach(function (name) {
        var length = lines[name].reduce(function (sum, line) { return sum + fleetplan.city.length[line]; }, 0);
        found.appendChild(row(lines[name], data.streets.names[name], length));
      });
    } });
    return [make("label", { "for": "fp-search", "class": "fp-hidden" }, "Name of a street"), field, said, found];
  }

  function linesOf(names) {
    var lines = {}, city = fleetplan.city;
    names.forEach(function (name) { lines[name] = []; });
    for (var line = 0; line < city.n; line++) { if (lines[city.name[line]]) { lines[city.name[line]].push(line); } }
    return lines;
  }

  /* ---- tables ---- */

  function table(label, heads, rows, kind) {
    var columns = make("tr", {}), body = make("tbody");
    heads.forEach(function (text) { columns.appendChild(make("th", { scope: "col" }, text)); });
    rows.forEach(function (cells) { body.appendChild(cells); });
    return make("div", { "class": "fp-scroll", tabindex: "0", role: "region", "aria-label": label },
      make("table", { "class": "fp-table " + (kind || "") }, make("thead", {}, columns), body));
  }

  /** Two lines per class, one for each vehicle; what differs is bold. */
  function classTable() {
    var rows = [];
    data.classes.forEach(function (entry) {
      entry[1].forEach(function (cells, v) {
        var line = make("tr", { "class": v ? "" : "fp-first" });
        if (!v) { line.appendChild(make("th", { scope: "rowgroup", rowspan: 2 }, entry[0])); }
        line.appendChild(make("th", { scope: "row" }, vehicles[v].name));
        cells.forEach(function (cell, band) {
          line.appendChild(make("td", { "class": entry[1][0][band] === entry[1][1][band] ? "" : "fp-differs" }, cell));
        });
        rows.push(line);
      });
    });
    return table("Kilometres by class and band", ["class", "vehicle"].concat(HEADS), rows, "fp-classes");
  }

  var QUANTILE_WORDS = { "0.1": "the narrow end (0.1)", "0.5": "the middle (0.5)", "0.9": "the wide end (0.9)" };

  function quantileTable() {
    var heads = ["believing"].concat(vehicles.map(function (v) { return v.name + " passes"; }), vehicles.map(function (v) { return "only " + v.name; }));
    return table("Kilometres by what is believed about widths", heads, data.quantiles.map(function (cells) {
      var line = make("tr", {}, make("th", { scope: "row" }, QUANTILE_WORDS[cells[0]] || cells[0]));
      cells.slice(1).forEach(function (cell) { line.appendChild(make("td", {}, cell)); });
      return line;
    }));
  }

  /* ---- cards ---- */

  /** Marks stretches and opens the card of one of them; from a list the map goes there. */
  function choose(lines, line, go, latlng) {
    var city = fleetplan.city, box = [Infinity, Infinity, -Infinity, -Infinity];
    if (go) {
      openSheet(false);
      lines.forEach(function (other) {
        var f = city.box.subarray(4 * other, 4 * other + 4);
        box = [Math.min(box[0], f[0]), Math.min(box[1], f[1]), Math.max(box[2], f[2]), Math.max(box[3], f[3])];
      });
      fleetplan.map.fitBounds([fleetplan.placeOf(box[0], box[3]), fleetplan.placeOf(box[2], box[1])], { padding: [50, 50], maxZoom: 17, animate: false });
    }
    var middle = fleetplan.middleOf(line);
    openCard(latlng || fleetplan.placeOf(middle[0], middle[1]), streetCard(lines, line), lines, line);
  }

  function openCard(at, card, lines, line) {
    fleetplan.popup(at, card, Math.max(200, fleetplan.map.getSize().y - 90));  // closes the one before, which forgets what was chosen
    view.chosen = lines;
    view.at = line;
    fleetplan.redrawOver();
  }

  function deci(value) { return (value / 10).toFixed(1); }

  function widthText(kind) {
    if (kind.width_min < 0) { return "Width unknown"; }
    var spread = kind.width_lo >= 0 && kind.width_hi >= 0 ? " (" + deci(kind.width_lo) + "\u2013" + deci(kind.width_hi) + ")" : "";
    return deci(kind.width_min) + " m" + spread + ", " + data.streets.sources[kind.source];
  }

  function streetCard(lines, line) {
    var city = fleetplan.city, kind = kindOf(line), limits = data.streets.limits[kind.limit];
    var card = make("div", { "class": "fp-card fp-street" }, make("h3", {}, titleOf(line)),
      make("p", {}, classOf(line) + ", " + metres(city.length[line]) + (kind.oneway ? ", one-way" : "")),
      make("p", {}, make("strong", {}, "Width "), widthText(kind)));
    if (kind.width > 0 && kind.road_width > 0) {
      card.appendChild(make("p", { "class": "fp-place" }, "narrowest part, 80 % interval; usually " + deci(kind.width) + " m for traffic, whole road " + deci(kind.road_width) + " m"));
    }
    card.appendChild(make("p", {}, make("strong", {}, "Posted "), limits || "nothing"));
    vehicles.forEach(function (vehicle, v) {
      var band = kind["band" + v], reason = data.streets.reasons[v][kind["reason" + v]];
      card.appendChild(make("p", { "class": "fp-judged" }, sign(30, function (context) { fleetplan.drawAccess(context, [3, 11, 27, 11], ["free", "squeezed", "room", "law"][band]); }),
        make("span", {}, make("strong", {}, vehicle.name), " " + SHORT[band] + (reason ? " \u2013 " + reason : ""))));
    });
    card.appendChild(make("p", { "class": "fp-place" }, make("a", { href: "https://www.openstreetmap.org/way/" + city.way[line], target: "_blank", rel: "noopener noreferrer" }, "OpenStreetMap way " + city.way[line])));
    if (lines.length > 1) {
      var at = lines.indexOf(line);
      card.appendChild(make("button", { type: "button", "class": "fp-only", click: function () { choose(lines, lines[(at + 1) % lines.length], false); } },
        "Next stretch (" + (at + 1) + " of " + lines.length + ")"));
    }
    return card;
  }

  function cornerCard(corner) {
    return make("div", { "class": "fp-card" }, make("h3", {}, "Corner"), list(corner.turns.map(function (turn) {
      var stuck = vehicles[turn.stuck].name, other = vehicles[1 - turn.stuck].name;
      return "Between " + titleOf(turn.one) + " and " + titleOf(turn.other) + ": "
        + (turn.hard ? stuck + " cannot turn, " + other + " can." : stuck + " needs several moves, " + other + " none.");
    })));
  }

  function onClick(event) {
    var corner = fleetplan.cornerAt(event.latlng, 12);
    if (corner) {
      openCard(fleetplan.placeOf(corner.x, corner.y), cornerCard(corner), [], -1);
      return;
    }
    var line = fleetplan.streetAt(event.latlng, 14);
    if (line >= 0) { choose([line], line, false, event.latlng); }
  }

  /* ---- start ---- */

  document.addEventListener("DOMContentLoaded", function () {
    var panel = document.getElementById("fleetplan-panel");
    document.body.classList.add("fp-access");
    panel.textContent = "";
    panel.appendChild(head());
    fleetplan.startMap();
    panel.appendChild(make("div", { "class": "fp-body" },
      section("Find a street", true, search(), "fp-find"),
      section("Where only one passes", true, onlySection(), "fp-where"),
      section("Kilometres by class", true, [classTable()]),
      section("If streets are narrower or wider than believed", true, [quantileTable(),
        make("p", { "class": "fp-place" }, "km of streets. A width has an 80 % interval: the rows judge every street at its lower end, its middle, and its upper end.")]),
      section("What the words mean", true, [list(data.verdict.slice(1).concat(data.words)), list(vehicles.map(function (vehicle) { return vehicle.name + " (" + vehicle.title + "): " + vehicle.size + "; " + vehicle.needs; }))]),
      section("Layers", true, [switches()], "fp-layers"),
      data.notes.length ? section("What reading the data left open", false, [list(data.notes)]) : null));
    fillLegend();
    var map = fleetplan.map, holder = map.getContainer();
    holder.setAttribute("role", "region");
    holder.setAttribute("aria-label", "Map of streets. Streets where only one vehicle passes are listed beside it, and any street can be searched.");
    map.on("click", onClick);
    map.on("popupclose", function () {
      view.chosen = [];
      view.at = -1;
      fleetplan.redrawOver();
    });
    map.on("mousemove", function (event) {
      holder.style.cursor = fleetplan.cornerAt(event.latlng, 10) || fleetplan.streetAt(event.latlng, 8) >= 0 ? "pointer" : "";
    });
    var before;
    fleetplan.onPaper(function () {
      before = { center: map.getCenter(), zoom: map.getZoom() };
      view.paper = map.getBounds().pad(-0.08);  // a little less, or the next smaller zoom level would be taken
      view.back = null;
    }, function () { view.back = before; });
    document.documentElement.setAttribute("data-ready", "yes");
  });
})();
