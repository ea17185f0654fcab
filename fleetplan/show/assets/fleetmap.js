"use strict";
/*
 * Routes, stops, walks and narrow streets on one canvas over the base map.
 *
 * `fleetplan.view` says what is shown; whoever changes it calls `fleetplan.redraw()`. `fleetplan.drawn` counts what
 * the last drawing held. Text from the data goes to canvas text and textContent only, never into markup.
 */
(function () {
  var INK = "#1a1a1a";
  var FLEET_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#8e4585", "#e69f00", "#56b4e9", "#5c4b32", "#333399"];
  var TRIP_COLOURS = ["#0072b2", "#d55e00", "#009e73", "#8e4585", "#e69f00", "#56b4e9", "#5c4b32", "#c2185b"];

  fleetplan.view = { fleets: {}, routes: true, stops: true, walks: true, unserved: true, names: true, narrow: {}, focus: null };
  fleetplan.drawn = {};

  /* ---- preparing the data once ---- */

  fleetplan.prepare = function () {
    var data = fleetplan.data;
    data.stops.forEach(function (stop) { stop.world = fleetplan.world(stop.at[0], stop.at[1]); });
    data.fleets.forEach(function (fleet, f) {
      var trips = 0;
      fleet.routes.forEach(function (route, r) {
        var lines = fleetplan.unpack(route.lines), walks = fleetplan.unpack(route.walks);
        route.fleet = f;
        route.row = r;
        route.firstTrip = trips;
        trips += route.trips.length;
        route.walkLines = walks;
        route.tripLines = route.trips.map(function (_, t) {
          return joined(lines.filter(function (_, i) { return route.legs[i] === t + 1; }));
        });
        route.visits.forEach(function (visit, i) { visit.number = i + 1; });
        route.places = places(route);
      });
      fleetplan.view.fleets[f] = false;
    });
    // 40,075 km of equator on 256 world pixels, shorter by the cosine of the latitude.
    fleetplan.metresPerWorldPixel = 40075017 / 256 * Math.cos(data.depot[0] * Math.PI / 180);
    data.narrow.lines = fleetplan.unpack(data.narrow.lines);
    var best = data.fleets.findIndex(function (fleet) { return fleet.name === data.best; });
    if (data.fleets.length) { fleetplan.view.fleets[Math.max(0, best)] = true; }
    // The widest vehicle's streets are the first question of whoever thinks of smaller ones.
    data.types.forEach(function (_, t) { fleetplan.view.narrow[t] = t === data.types.length - 1; });
  };

  /** One line out of several that follow each other. */
  function joined(lines) {
    var box = [Infinity, Infinity, -Infinity, -Infinity], xy = [];
    lines.forEach(function (line) {
      for (var i = 0; i < line.xy.length; i++) { xy.push(line.xy[i]); }
      box = [Math.min(box[0], line.box[0]), Math.min(box[1], line.box[1]),
             Math.max(box[2], line.box[2]), Math.max(box[3], line.box[3])];
    });
    return { xy: xy, box: box };
  }

  /** Visits of a trip by place: stops at one address share one badge ("3-5", "2,7"). */
  function places(route) {
    var found = [], byKey = {};
    route.visits.forEach(function (visit) {
      var stop = fleetplan.data.stops[visit.stop], key = visit.trip + " " + stop.at[0].toFixed(5) + " " + stop.at[1].toFixed(5);
      if (!byKey[key]) {
        byKey[key] = { world: stop.world, trip: visit.trip, visits: [] };
        found.push(byKey[key]);
      }
      byKey[key].visits.push(visit);
    });
    found.forEach(function (place) {
      var n = place.visits.map(function (visit) { return visit.number; }), run = n[n.length - 1] - n[0] === n.length - 1;
      place.label = n.length === 1 ? String(n[0])
        : run ? n[0] + "\u2013" + n[n.length - 1]
        : n.length === 2 ? n.join(",") : n[0] + "+" + (n.length - 1);
    });
    return found;
  }

  /* ---- what is shown ---- */

  function shownFleets() {
    return fleetplan.data.fleets.map(function (_, f) { return f; }).filter(function (f) { return fleetplan.view.fleets[f]; });
  }

  /** One fleet shown: a colour per trip (counted from 1) of its routes. Several: a colour per fleet. */
  fleetplan.colourOf = function (route, trip) {
    return shownFleets().length > 1
      ? FLEET_COLOURS[route.fleet % FLEET_COLOURS.length] : TRIP_COLOURS[(route.firstTrip + trip - 1) % TRIP_COLOURS.length];
  };
  fleetplan.fleetColour = function (f) { return FLEET_COLOURS[f % FLEET_COLOURS.length]; };

  function faded(route) {
    var focus = fleetplan.view.focus;
    return focus !== null && (focus[0] !== route.fleet || focus[1] !== route.row);
  }

  function eachRoute(act) {
    // The route in focus comes last, on top of the others.
    var routes = [];
    shownFleets().forEach(function (f) { routes = routes.concat(fleetplan.data.fleets[f].routes); });
    routes.filter(faded).concat(routes.filter(function (route) { return !faded(route); })).forEach(act);
  }

  /* ---- drawing ---- */

  /** Screen coordinates of a line, moved `aside` pixels to the right of its direction. */
  function onScreen(line, frame, aside) {
    var xy = [], at = line.xy, i;
    for (i = 0; i < at.length; i += 2) {
      var x = at[i] * frame.scale - frame.left, y = at[i + 1] * frame.scale - frame.top, n = xy.length;
      if (!n || Math.abs(x - xy[n - 2]) + Math.abs(y - xy[n - 1]) > 0.7) { xy.push(x, y); }
    }
    if (!aside || xy.length < 4) { return xy; }
    var moved = [], last = xy.length - 2;
    for (i = 0; i <= last; i += 2) {
      var before = Math.max(0, i - 2), after = Math.min(last, i + 2);
      var inX = xy[i] - xy[before], inY = xy[i + 1] - xy[before + 1], outX = xy[after] - xy[i], outY = xy[after + 1] - xy[i + 1];
      var inL = Math.hypot(inX, inY) || 1, outL = Math.hypot(outX, outY) || 1;
      var dx = inX / inL + outX / outL, dy = inY / inL + outY / outL, length = Math.hypot(dx, dy);
      if (length < 0.3) { dx = inX / inL; dy = inY / inL; length = 1; }  // turning round: keep the side
      moved.push(xy[i] - dy / length * aside, xy[i + 1] + dx / length * aside);
    }
    return moved;
  }

  function outside(box, frame) {
    return box[0] > frame.box[2] || box[2] < frame.box[0] || box[1] > frame.box[3] || box[3] < frame.box[1];
  }

  function drawNarrowStreets(context, frame, hits) {
    var types = fleetplan.data.types.map(function (_, t) { return t; }).filter(function (t) { return fleetplan.view.narrow[t]; });
    var count = 0;
    if (!types.length) { return count; }
    var bands = fleetplan.data.narrow.kinds.map(function (kind) {
      return Math.max.apply(null, types.map(function (t) { return kind[3][t][0]; }));
    });
    fleetplan.data.narrow.rows.forEach(function (row, i) {
      var line = fleetplan.data.narrow.lines[i], band = bands[row[1]];
      if (!band || outside(line.box, frame)) { return; }
      var xy = onScreen(line, frame, 0);
      fleetplan.drawNarrow(context, xy, band, frame.zoom < 16);
      hits.push({ kind: "narrow", xy: xy, row: row });
      count++;
    });
    return count;
  }

  function drawWalks(context, frame, route) {
    var count = 0;
    route.walkLines.forEach(function (line) {
      if (line.xy.length < 4 || outside(line.box, frame)) { return; }
      var xy = onScreen(line, frame, 0);
      if (xy.length < 4) { return; }
      fleetplan.trace(context, xy);
      fleetplan.stroke(context, "#ffffff", 4.5);
      fleetplan.stroke(context, INK, 2.2, [0.1, 4.5]);
      context.setLineDash([]);
      context.beginPath();
      context.arc(xy[0], xy[1], 2.6, 0, 7);
      context.fillStyle = INK;
      context.fill();
      count++;
    });
    return count;
  }

  /**
   * Badges: the number where there is room for it, else the bare sign. The route in focus has the first choice.
   * Fleets shown together stand side by side, so that none hides another.
   */
  function drawStops(context, frame, hits) {
    var shown = shownFleets(), items = [], numbers = 0, home = at(frame, fleetplan.data.depot);
    var taken = [[home[0] - 13, home[1] - 14, home[0] + 13, home[1] + 12]];
    eachRoute(function (route) {
      route.places.forEach(function (place) { items.push({ route: route, place: place }); });
    });
    items.reverse();  // the route in focus comes first
    items.forEach(function (item) {
      var side = shown.indexOf(item.route.fleet) - (shown.length - 1) / 2;
      item.x = item.place.world[0] * frame.scale - frame.left;
      item.y = item.place.world[1] * frame.scale - frame.top;
      item.seen = item.x > frame.min.x && item.x < frame.max.x && item.y > frame.min.y && item.y < frame.max.y;
      if (!item.seen) { return; }
      var wide = Math.max(10, 4.5 + 3.6 * item.place.label.length), x = item.x + side * 25;
      item.fits = frame.zoom >= 14 && !faded(item.route) && !taken.some(function (box) {
        return x - wide < box[2] && x + wide > box[0] && item.y - 9 < box[3] && item.y + 9 > box[1];
      });
      item.x = item.fits ? x : item.x + side * 10;
      if (item.fits) { taken.push([x - wide, item.y - 9, x + wide, item.y + 9]); }
    });
    items = items.filter(function (item) { return item.seen; });
    items.sort(function (a, b) { return Number(a.fits) - Number(b.fits); });  // numbers lie on top of bare signs
    items.forEach(function (item) {
      context.globalAlpha = faded(item.route) ? 0.25 : 1;
      fleetplan.drawBadge(context, item.x, item.y, fleetplan.shapeOf(item.route.type),
        fleetplan.colourOf(item.route, item.place.trip), item.fits ? item.place.label : "");
      numbers += item.fits ? 1 : 0;
      hits.push({ kind: "stop", x: item.x, y: item.y, visits: item.place.visits });
    });
    context.globalAlpha = 1;
    return { stops: items.length, numbers: numbers };
  }

  /** Names along their streets, where they fit and do not meet another. */
  function drawNames(context, frame) {
    var taken = [], count = 0;
    if (frame.zoom < 15) { return count; }
    fleetplan.nameFont(context, frame.zoom);
    fleetplan.data.names.forEach(function (name) {
      var place = at(frame, [name[1], name[2]]);
      if (place[0] < frame.min.x || place[0] > frame.max.x || place[1] < frame.min.y || place[1] > frame.max.y) { return; }
      var half = context.measureText(name[0]).width / 2;
      // A longer name than its street is allowed a little overhang.
      if (2 * half > 1.3 * name[4] * frame.scale / fleetplan.metresPerWorldPixel || !fleetplan.claim(taken, place, Math.min(60, half))) { return; }
      fleetplan.writeName(context, name[0], place, name[3]);
      count++;
    });
    return count;
  }

  /** Screen coordinates of a place given as latitude and longitude. */
  function at(frame, place) {
    var world = fleetplan.world(place[0], place[1]);
    return [world[0] * frame.scale - frame.left, world[1] * frame.scale - frame.top];
  }

  function drawAll(context, frame) {
    var view = fleetplan.view, hits = [], shown = shownFleets(), drawn = { fleets: shown.length, routes: 0, arrows: 0, walks: 0, stops: 0, numbers: 0, unserved: 0 };
    context.lineCap = "round";
    context.lineJoin = "round";
    drawn.narrow = drawNarrowStreets(context, frame, hits);
    if (view.routes) {
      // Lines are thinner and closer where the map is small.
      var near = Math.max(0, Math.min(1, (frame.zoom - 13) / 4)), width = 2.6 + 1.9 * near, arrows = [];
      eachRoute(function (route) {
        // Right of the driving direction: a way out and back, trips, and fleets on one street stay apart.
        route.screen = [];
        route.tripLines.forEach(function (line, t) {
          if (line.xy.length < 4 || outside(line.box, frame)) { return; }
          var lane = shown.length > 1 ? shown.indexOf(route.fleet) : (route.firstTrip + t) % 3;
          route.screen.push({ colour: fleetplan.colourOf(route, t + 1), xy: onScreen(line, frame, 0.5 * width + 0.8 + lane * (width + 0.6)) });
        });
        context.globalAlpha = faded(route) ? 0.18 : 1;
        route.screen.forEach(function (line) {
          fleetplan.drawLine(context, line.xy, line.colour, route.type, width);
          hits.push({ kind: "route", xy: line.xy, route: route });
          drawn.routes++;
        });
      });
      context.globalAlpha = 1;
      eachRoute(function (route) {
        if (faded(route)) { return; }
        route.screen.forEach(function (line) {
          drawn.arrows += fleetplan.drawArrows(context, line.xy, line.colour, 0.75 + 0.35 * near, 84, arrows);
        });
      });
    }
    drawn.names = view.names ? drawNames(context, frame) : 0;
    if (view.walks) {
      eachRoute(function (route) { if (!faded(route)) { drawn.walks += drawWalks(context, frame, route); } });
    }
    if (view.stops) {
      var badges = drawStops(context, frame, hits);
      drawn.stops = badges.stops;
      drawn.numbers = badges.numbers;
    }
    if (view.unserved) {
      var left = {};
      shown.forEach(function (f) { fleetplan.data.fleets[f].unserved.forEach(function (item) { left[item.stop] = true; }); });
      Object.keys(left).forEach(function (s) {
        var place = at(frame, fleetplan.data.stops[s].at);
        fleetplan.drawUnserved(context, place[0], place[1]);
        hits.push({ kind: "unserved", x: place[0], y: place[1], stop: Number(s) });
        drawn.unserved++;
      });
    }
    var depot = at(frame, fleetplan.data.depot);
    fleetplan.drawDepot(context, depot[0], depot[1]);
    hits.push({ kind: "depot", x: depot[0], y: depot[1] });
    fleetplan.drawn = drawn;
    fleetplan.hits = hits;
  }

  /* ---- what lies under a click ---- */

  /** The thing drawn at a point: signs before lines, upper before lower, or null. */
  fleetplan.hitAt = function (point, reach) {
    return nearest(reach + 6, function (hit) {
      return hit.xy ? Infinity : Math.hypot(hit.x - point.x, hit.y - point.y);
    }) || nearest(reach, function (hit) {
      return hit.xy ? fleetplan.distanceTo(hit.xy, point) : Infinity;
    });
  };

  /** The closest hit, nearer than a limit; of equals the one drawn last. */
  function nearest(limit, away) {
    var found = null;
    fleetplan.hits.forEach(function (hit) {
      var distance = away(hit);
      if (distance < limit || (found && distance === limit)) { limit = distance; found = hit; }
    });
    return found;
  }

  fleetplan.redraw = function () { if (fleetplan.overlay) { fleetplan.overlay.redraw(); } };

  /** Look at everything, or at one route. */
  fleetplan.lookAt = function (route) {
    var points = route ? route.visits.map(function (visit) { return fleetplan.data.stops[visit.stop].at; }) : null;
    var bounds = points ? L.latLngBounds(points.concat([fleetplan.data.depot]))
      : L.latLngBounds([fleetplan.data.bounds[1], fleetplan.data.bounds[0]], [fleetplan.data.bounds[3], fleetplan.data.bounds[2]]);
    fleetplan.map.fitBounds(bounds, { padding: [28, 28], maxZoom: 18, animate: false });
  };

  fleetplan.startMap = function () {
    fleetplan.furnish();
    fleetplan.base = new fleetplan.BaseMap({ base: fleetplan.data.base, minZoom: 3, maxZoom: 19, maxNativeZoom: 19 }).addTo(fleetplan.map);
    fleetplan.lookAt(null);
    fleetplan.overlay = new fleetplan.Overlay({ draw: drawAll, ground: fleetplan.base }).addTo(fleetplan.map);
  };
})();
