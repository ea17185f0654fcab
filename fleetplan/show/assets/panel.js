"use strict";
/*
 * The panel beside the map: verdict, table of figures, switches, routes with their stops, legend, notes; and the
 * pop-ups on the map. Every text is put in with textContent.
 */
(function () {
  var data = fleetplan.data, view = fleetplan.view, panel;
  var make = fleetplan.make, section = fleetplan.section, list = fleetplan.list, sign = fleetplan.sign, popup = fleetplan.popup;

  /** The sign of a trip, repainted when its colour changes. */
  function tripSign(route, trip) {
    var canvas = sign(44, function () {});
    canvas.paint = function () {
      var context = canvas.getContext("2d"), colour = fleetplan.colourOf(route, trip);
      context.clearRect(0, 0, 44, 22);
      fleetplan.drawLine(context, [3, 11, 41, 11], colour, route.type);
      fleetplan.drawBadge(context, 22, 11, fleetplan.shapeOf(route.type), colour, "");
    };
    signs.push(canvas);
    canvas.paint();
    return canvas;
  }
  var signs = [];

  function repaint() {
    signs.forEach(function (canvas) { canvas.paint(); });
    panel.classList.toggle("fp-many", shownCount() > 1);
    fleetplan.redraw();
  }

  function shownCount() {
    return data.fleets.filter(function (_, f) { return view.fleets[f]; }).length;
  }

  /** A labelled checkbox. */
  function toggle(id, checked, parts, act) {
    var box = make("input", { type: "checkbox", id: id, change: function () { act(box.checked); repaint(); } });
    box.checked = checked;
    return make.apply(null, ["label", { "class": "fp-toggle", "for": id }, box].concat(parts));
  }

  /* ---- the parts of the panel ---- */

  function head() {
    var button = make("button", { type: "button", "class": "fp-sheet", "aria-expanded": "false", click: function () {
      var open = document.body.classList.toggle("fp-open");
      button.setAttribute("aria-expanded", String(open));
      button.textContent = open ? "Show more map" : "Show figures and routes";
      window.setTimeout(function () { fleetplan.map.invalidateSize({ animate: false }); }, 0);
    } }, "Show figures and routes");
    return make("header", {}, make("h1", {}, data.title), make("p", { "class": "fp-place" }, data.place), make("p", { "class": "fp-verdict" }, data.verdict), fleetToggles(), button);
  }

  function fleetToggles() {
    var group = make("fieldset", { "class": "fp-fleets" }, make("legend", {}, "Fleets on the map"));
    data.fleets.forEach(function (fleet, f) {
      var dot = sign(14, function () {});
      dot.paint = function () {
        var context = dot.getContext("2d");
        context.clearRect(0, 0, 14, 22);
        if (shownCount() < 2) { return; }  // a colour stands for a route then, not for a fleet
        context.fillStyle = fleetplan.fleetColour(f);
        context.fillRect(1, 5, 12, 12);
      };
      signs.push(dot);
      dot.paint();
      group.appendChild(toggle("fp-fleet-" + f, view.fleets[f], [dot, make("span", {}, fleet.name)], function (on) {
        view.fleets[f] = on;
        view.focus = null;
        unpress();
        routes.open(f, on);
      }));
    });
    return group;
  }

  function figures() {
    var table = data.table, columns = make("tr", {}, make("th", { scope: "col" }, make("span", { "class": "fp-hidden" }, "Figure")));
    table.fleets.forEach(function (name) { columns.appendChild(make("th", { scope: "col" }, name)); });
    var body = make("tbody"), group = "";
    table.rows.forEach(function (row) {
      if (row.group !== group) {
        group = row.group;
        body.appendChild(make("tr", { "class": "fp-group" }, make("th", { scope: "rowgroup", colspan: table.fleets.length + 1 }, group)));
      }
      var line = make("tr", {}, make("th", { scope: "row" }, row.label));
      row.cells.forEach(function (cell, i) {
        line.appendChild(row.best[i]
          ? make("td", { "class": "fp-best" }, cell, make("span", { title: "best of the fleets" }, " \u2713", make("span", { "class": "fp-hidden" }, "best")))
          : make("td", {}, cell));
      });
      body.appendChild(line);
    });
    return make("div", { "class": "fp-scroll", tabindex: "0", role: "region", "aria-label": "Figures per fleet" },
      make("table", { "class": "fp-table" }, make("thead", {}, columns), body));
  }

  function switches() {
    var group = make("div", { "class": "fp-switches" });
    [["routes", "Routes"], ["stops", "Stops"], ["walks", "Walks to the door"], ["unserved", "Unserved stops"], ["names", "Street names"]].forEach(function (item) {
      group.appendChild(toggle("fp-" + item[0], view[item[0]], [make("span", {}, item[1])], function (on) { view[item[0]] = on; }));
    });
    group.appendChild(toggle("fp-base", true, [make("span", {}, "City streets")], function (on) {
      if (on) { fleetplan.base.addTo(fleetplan.map); } else { fleetplan.base.remove(); }
    }));
    var narrow = make("fieldset", { "class": "fp-narrow" }, make("legend", {}, "Streets closed to or tight for"));
    data.types.forEach(function (type, t) {
      narrow.appendChild(toggle("fp-narrow-" + t, view.narrow[t], [make("span", {}, type.name)], function (on) { view.narrow[t] = on; }));
    });
    group.appendChild(narrow);
    return group;
  }

  /** Routes by fleet; the stops of a route are built when it is opened. */
  var routes = {
    fleets: [],
    open: function (f, on) { routes.fleets[f].open = on || routes.fleets[f].open && view.fleets[f]; },
    build: function () {
      var box = make("div");
      data.fleets.forEach(function (fleet, f) {
        var details = make("details", { "class": "fp-fleet" }, make("summary", {}, make("strong", {}, fleet.name), " \u2013 " + fleet.routes.length + (fleet.routes.length === 1 ? " route" : " routes")
          + (fleet.unserved.length ? ", " + fleet.unserved.length + " unserved" : "")));
        details.open = view.fleets[f];
        fleet.routes.forEach(function (route) { details.appendChild(routes.one(f, route)); });
        if (fleet.unserved.length) { details.appendChild(unserved(fleet)); }
        routes.fleets[f] = details;
        box.appendChild(details);
      });
      return box;
    },
    one: function (f, route) {
      var type = data.types[route.type], filled = false;
      var details = make("details", { "class": "fp-route", toggle: fill }, make("summary", {}, tripSign(route, 1),
        make("span", {}, make("strong", {}, route.id), " \u00b7 " + route.visits.length + " stops \u00b7 " + route.km + " \u00b7 " + route.hours)));
      function fill() {
        if (filled || !details.open) { return; }
        filled = true;
        var only = make("button", { type: "button", "class": "fp-only", "aria-pressed": "false", click: function () { focus(f, route, only); } }, "Show only this route");
        details.appendChild(make("p", {}, type.title + "; " + type.size + "; " + type.load));
        details.appendChild(only);
        route.trips.forEach(function (trip, t) {
          details.appendChild(make("h3", {}, route.trips.length > 1 ? tripSign(route, t + 1) : null, (route.trips.length > 1 ? " Trip " + (t + 1) + ": " : "") + trip.leaves + "\u2013" + trip.back + ", " + trip.load));
          var stops = make("ol", { "class": "fp-stops" });
          route.visits.forEach(function (visit) {
            if (visit.trip !== t + 1) { return; }
            var stop = data.stops[visit.stop];
            stops.appendChild(make("li", { value: visit.number }, make("button", { type: "button", click: function () { goTo(visit, f); } },
              make("span", { "class": "fp-number" }, visit.number), make("span", { "class": "fp-name" }, stop.name || stop.id),
              make("span", { "class": "fp-time" }, visit.arrive + (visit.foot ? " \u00b7 " + visit.foot + " on foot" : "")))));
          });
          details.appendChild(stops);
        });
      }
      details.fill = fill;
      return details;
    }
  };

  function unserved(fleet) {
    var details = make("details", { "class": "fp-route" }, make("summary", {}, sign(44, function (context) { fleetplan.drawUnserved(context, 22, 11); }),
      make("span", {}, make("strong", {}, "Unserved"), " \u00b7 " + fleet.unserved.length)));
    var items = make("ul", { "class": "fp-notes" });
    fleet.unserved.forEach(function (item) {
      var stop = data.stops[item.stop];
      items.appendChild(make("li", {}, make("button", { type: "button", "class": "fp-link", click: function () { popup(stop.at, stopCard([item.stop])); } }, stop.name || stop.id), ": " + item.text));
    });
    details.appendChild(items);
    return details;
  }

  function unpress() {
    panel.querySelectorAll(".fp-only[aria-pressed=true]").forEach(function (button) { button.setAttribute("aria-pressed", "false"); button.textContent = "Show only this route"; });
  }

  function focus(f, route, button) {
    var on = button.getAttribute("aria-pressed") !== "true";
    unpress();
    if (on) { show(f); }
    view.focus = on ? [f, route.row] : null;
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? "Show all routes" : "Show only this route";
    fleetplan.lookAt(on ? route : null);
    repaint();
  }

  /** Makes sure that a fleet is on the map. */
  function show(f) {
    if (!view.fleets[f]) {
      view.fleets[f] = true;
      document.getElementById("fp-fleet-" + f).checked = true;
      repaint();
    }
  }

  function goTo(visit, f) {
    show(f);
    var at = data.stops[visit.stop].at;
    fleetplan.map.setView(at, Math.max(fleetplan.map.getZoom(), 17), { animate: false });
    popup(at, stopCard([visit.stop]));
  }

  function legend() {
    var items = make("ul", { "class": "fp-legend" });
    function add(picture, text) { items.appendChild(make("li", {}, picture, make("span", {}, text))); }
    data.types.forEach(function (type, t) {
      add(sign(44, function (context) {
        fleetplan.drawLine(context, [3, 11, 41, 11], "#4d4d4d", t);
        fleetplan.drawBadge(context, 22, 11, fleetplan.shapeOf(t), "#4d4d4d", "1");
      }), type.name + " (" + type.title + ")");
    });
    add(sign(44, function (context) { fleetplan.drawDepot(context, 22, 11); }), "Depot");
    add(sign(44, function (context) {
      context.lineCap = "round";
      context.setLineDash([0.1, 4.5]);
      context.lineWidth = 2.2;
      context.beginPath();
      context.moveTo(4, 11);
      context.lineTo(40, 11);
      context.stroke();
    }), "Walk from the vehicle (large dot) to the door");
    add(sign(44, function (context) { fleetplan.drawUnserved(context, 22, 11); }), "Unserved stop");
    [[2, "Closed: too narrow for a vehicle chosen above"], [1, "Tight: passable slowly"], [3, "Closed by sign or rule"]].forEach(function (item) {
      add(sign(44, function (context) { fleetplan.drawNarrow(context, [3, 11, 41, 11], item[0]); }), item[1]);
    });
    items.appendChild(make("li", { "class": "fp-plain" }, "One fleet shown: a colour per trip. Several: a colour per fleet, side by side. Lines lie right of the driving direction; 3\u20135 is one address with stops 3 to 5. Numbers that do not fit are bare signs: zoom in, or show one route only."));
    return items;
  }

  function notes() {
    var parts = [];
    if (data.differences.length) { parts.push(make("h3", {}, "Against the baseline"), list(data.differences)); }
    if (data.limits.length) { parts.push(make("h3", {}, "What binds"), list(data.limits)); }
    if (data.streets.length) { parts.push(make("h3", {}, "Streets open to each vehicle"), list(data.streets)); }
    if (data.warnings.length) { parts.push(make("h3", {}, "Warnings"), list(data.warnings)); }
    if (data.assumptions.length) {
      parts.push(make("details", {}, make("summary", {}, data.assumptions.length + " figures that nobody verified"), list(data.assumptions)));
    }
    return parts;
  }

  /* ---- pop-ups ---- */

  /** Stops at one place, with every shown fleet's visit. */
  function stopCard(rows) {
    var card = make("div", { "class": "fp-card" });
    rows.forEach(function (row) {
      var stop = data.stops[row];
      card.appendChild(make("h3", {}, stop.name || stop.id));
      card.appendChild(make("p", {}, "Stop " + stop.id + ": " + stop.load + (stop.window ? ", between " + stop.window : "")));
      data.fleets.forEach(function (fleet, f) {
        if (!view.fleets[f]) { return; }
        fleet.routes.forEach(function (route) {
          route.visits.forEach(function (visit) {
            if (visit.stop !== row) { return; }
            card.appendChild(make("p", {}, make("strong", {}, fleet.name), ": no. " + visit.number + " of " + route.id + (route.trips.length > 1 ? ", trip " + visit.trip : "")
              + "; arrives " + visit.arrive + ", serves " + visit.serve + ", leaves " + visit.leave + (visit.foot ? "; on foot " + visit.foot + " each way" : "; at the door")));
          });
        });
        fleet.unserved.forEach(function (item) {
          if (item.stop !== row) { return; }
          card.appendChild(make("p", {}, make("strong", {}, fleet.name), ": unserved. " + item.text));
          if (item.by.length) { card.appendChild(list(item.by.map(function (pair) { return pair[0] + ": " + pair[1]; }))); }
        });
      });
    });
    return card;
  }

  function routeCard(route) {
    var fleet = data.fleets[route.fleet], type = data.types[route.type];
    return make("div", { "class": "fp-card" }, make("h3", {}, fleet.name + ": " + route.id), make("p", {}, type.title + "; " + type.size),
      make("p", {}, route.visits.length + " stops in " + route.trips.length + (route.trips.length === 1 ? " trip, " : " trips, ") + route.km + ", " + route.hours),
      list(route.trips.map(function (trip) { return trip.leaves + "\u2013" + trip.back + ": " + trip.load; })));
  }

  var BANDS = ["free", "tight, slow", "closed, too narrow", "closed by sign or rule"];

  function narrowCard(row) {
    var texts = data.narrow.texts, kind = data.narrow.kinds[row[1]];
    return make("div", { "class": "fp-card" }, make("h3", {}, texts[row[0]] || "Street without a name"),
      make("p", {}, texts[kind[0]] + "; narrowest " + texts[kind[1]] + ", from: " + texts[kind[2]]),
      list(kind[3].map(function (pair, t) { return data.types[t].name + ": " + BANDS[pair[0]] + (texts[pair[1]] ? " \u2013 " + texts[pair[1]] : ""); })));
  }

  function onClick(event) {
    var hit = fleetplan.hitAt(event.layerPoint, 8);
    if (!hit) { return; }
    if (hit.kind === "stop") { popup(data.stops[hit.visits[0].stop].at, stopCard(hit.visits.map(function (visit) { return visit.stop; }))); }
    else if (hit.kind === "unserved") { popup(data.stops[hit.stop].at, stopCard([hit.stop])); }
    else if (hit.kind === "depot") { popup(data.depot, make("div", { "class": "fp-card" }, make("h3", {}, "Depot"))); }
    else if (hit.kind === "route") { popup(event.latlng, routeCard(hit.route)); }
    else { popup(event.latlng, narrowCard(hit.row)); }
  }

  /* ---- start ---- */

  document.addEventListener("DOMContentLoaded", function () {
    panel = document.getElementById("fleetplan-panel");
    fleetplan.prepare();
    var body = make("div", { "class": "fp-body" },
      section("Figures", true, [figures()]),
      section("Layers", true, [switches()], "fp-layers"),
      section("Routes and stops", true, [routes.build()]),
      section("Legend", true, [legend()]),
      section("About the figures", false, notes()));
    panel.textContent = "";
    panel.appendChild(head());
    panel.appendChild(body);
    fleetplan.startMap();
    var holder = fleetplan.map.getContainer();
    holder.setAttribute("role", "region");
    holder.setAttribute("aria-label", "Map of routes. The same stops are listed under Routes and stops.");
    fleetplan.map.on("click", onClick);
    fleetplan.map.on("mousemove", function (event) {
      holder.style.cursor = fleetplan.hitAt(event.layerPoint, 6) ? "pointer" : "";
    });
    // On paper nothing can be opened: the stops of all fleets on the map are written out.
    var opened = [];
    fleetplan.onPaper(function () {
      data.fleets.forEach(function (_, f) {
        if (!view.fleets[f]) { return; }
        [routes.fleets[f]].concat(Array.from(routes.fleets[f].querySelectorAll(".fp-route"))).forEach(function (details) {
          if (details.open) { return; }
          opened.push(details);
          details.open = true;
          if (details.fill) { details.fill(); }
        });
      });
    }, function () {
      opened.splice(0).forEach(function (details) { details.open = false; });
    });
    repaint();
    document.documentElement.setAttribute("data-ready", "yes");
  });
})();
