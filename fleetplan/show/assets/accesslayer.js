"use strict";
/*
 * Every street of a city under the eyes of two vehicles, on canvas tiles. Streets are columns (typed arrays); a grid
 * of cells finds those of a tile or near a click. `fleetplan.view` says what is shown.
 */
(function () {
  /** Pens: colour, width in px at zoom 11, 15 and 18, dash, white edge, white centre. No two differ by colour alone. */
  var PENS = {
    free: { colour: "#009e73", width: [0.9, 2.2, 3.6] },
    law: { colour: "#6b6b6b", width: [0.9, 2, 3], dash: [1.5, 4] },
    squeezed: { colour: "#a86a00", width: [0.9, 2.4, 4], dash: [7, 4] },
    easierWide: { colour: "#b97a00", width: [0.8, 2, 3.2], dash: [7, 4] },
    easierNarrow: { colour: "#56b4e9", width: [0.8, 2, 3.2] },
    room: { colour: "#b0003a", width: [2, 4.6, 8], edge: true, centre: true },
    onlyWide: { colour: "#d55e00", width: [2.6, 5.4, 9], edge: true, centre: true },
    onlyNarrow: { colour: "#0072b2", width: [2.6, 5.4, 9], edge: true }
  };
  var ORDER = Object.keys(PENS);  // later ones lie on top
  var CLASSES = ["track", "pedestrian", "service", "local", "tertiary", "secondary", "primary", "motorway"];

  fleetplan.view = { mode: "difference", names: true, corners: true, chosen: [], at: -1 };
  fleetplan.drawn = {};

  function widthAt(widths, zoom) {
    var low = zoom < 15 ? 0 : 1, share = low ? (zoom - 15) / 3 : (zoom - 11) / 4;
    return Math.max(0.5, widths[low] * Math.pow(widths[low + 1] / widths[low], share));
  }

  /** Strokes the current path. */
  function stroke(context, pen, width) {
    if (pen.edge) { fleetplan.stroke(context, "rgba(255,255,255,0.92)", width + 2.4); }
    fleetplan.stroke(context, pen.colour, width, pen.dash);
    if (pen.centre) { fleetplan.stroke(context, "#ffffff", 0.34 * width, [5, 5]); }
    context.setLineDash([]);
  }

  /** Draws a line of x, y pairs as the legend shows it. */
  fleetplan.drawAccess = function (context, xy, name) {
    fleetplan.trace(context, xy);
    stroke(context, PENS[name], widthAt(PENS[name].width, 15));
  };

  /** The sign of a corner: an exclamation mark where a vehicle cannot turn; small where it only needs several moves. */
  fleetplan.drawCorner = function (context, x, y, hard, stuck) {
    var shape = fleetplan.data.vehicles[stuck].narrower ? "circle" : "diamond";
    if (hard) { fleetplan.drawBadge(context, x, y, shape, "#cc79a7", "!"); return; }
    context.save();
    context.translate(x, y);
    context.scale(0.66, 0.66);
    fleetplan.drawBadge(context, 0, 0, shape, "#cc79a7", "");
    context.restore();
  };

  /* ---- unpacking ---- */

  /** Fills `fleetplan.city`: line i is pairs start[i] to start[i + 1] of xy, box its frame, kinds[kind[i]] the rest. */
  fleetplan.prepareCity = function () {
    var data = fleetplan.data.streets, flat = fleetplan.unpackFlat(data.lines), n = flat.start.length - 1;
    var city = fleetplan.city = {
      n: n, xy: flat.xy, start: flat.start, box: new Float64Array(4 * n),
      length: Int32Array.from(fleetplan.numbers(data.length)),
      way: Float64Array.from(fleetplan.numbers(data.way, true)),
      name: Int32Array.from(fleetplan.numbers(data.name, true)),
      kind: Int32Array.from(fleetplan.numbers(data.kind, true)),
      kinds: unpackKinds(data.kinds)
    };
    for (var i = 0; i < n; i++) {
      var w = Infinity, t = Infinity, e = -Infinity, s = -Infinity;
      for (var j = 2 * city.start[i]; j < 2 * city.start[i + 1]; j += 2) {
        if (city.xy[j] < w) { w = city.xy[j]; }
        if (city.xy[j] > e) { e = city.xy[j]; }
        if (city.xy[j + 1] < t) { t = city.xy[j + 1]; }
        if (city.xy[j + 1] > s) { s = city.xy[j + 1]; }
      }
      city.box.set([w, t, e, s], 4 * i);
    }
    makeGrid(city);
    fleetplan.corners = unpackCorners(fleetplan.data.corners);
    // 40,075 km of equator on 256 world pixels, shorter by the cosine of the latitude.
    fleetplan.metresPerWorldPixel = 40075017 / 256 * Math.cos(fleetplan.data.bounds[1] * Math.PI / 180);
  };

  /** Places with turns that are harder for one vehicle: {x, y, hard, turns: [{one, other, stuck, hard}]}. */
  function unpackCorners(data) {
    var flat = fleetplan.unpackFlat(data.at), one = fleetplan.numbers(data.one, true), other = fleetplan.numbers(data.other, true);
    var what = fleetplan.numbers(data.what), at = 0;
    return fleetplan.numbers(data.count).map(function (count, i) {
      var corner = { x: flat.xy[2 * i], y: flat.xy[2 * i + 1], hard: false, turns: [] };
      for (; count > 0; count--, at++) {
        corner.turns.push({ one: one[at], other: other[at], stuck: what[at] >> 1, hard: what[at] % 2 === 1 });
        corner.hard = corner.hard || what[at] % 2 === 1;
      }
      return corner;
    });
  }

  /** From which zoom level on a corner is shown. */
  fleetplan.cornerZoom = function (corner) { return corner.hard ? 13 : 16; };

  function unpackKinds(columns) {
    var keys = Object.keys(columns), kinds = [];
    keys.forEach(function (key) {
      fleetplan.numbers(columns[key]).forEach(function (value, i) { (kinds[i] = kinds[i] || {})[key] = value; });
    });
    kinds.forEach(function (kind) { kind.pens = { difference: differencePen(kind), "0": bandPen(kind.band0), "1": bandPen(kind.band1) }; });
    return kinds;
  }

  function bandPen(band) { return ["free", "squeezed", "room", "law"][band]; }

  /** Where one passes and the other does not, where one has it easier, where neither passes; null where they are alike. */
  function differencePen(kind) {
    var passes = [kind.band0 < 2, kind.band1 < 2];
    if (!passes[0] && !passes[1]) { return "law"; }
    if (passes[0] !== passes[1]) { return fleetplan.penOf("only", passes[0] ? 0 : 1); }
    return kind.band0 === kind.band1 ? null : fleetplan.penOf("easier", kind.band0 < kind.band1 ? 0 : 1);
  }

  /** The pen that speaks for a vehicle. */
  fleetplan.penOf = function (what, vehicle) { return what + (fleetplan.data.vehicles[vehicle].narrower ? "Narrow" : "Wide"); };

  /* ---- the grid ---- */

  function makeGrid(city) {
    var box = city.box, w = Infinity, t = Infinity, e = -Infinity, s = -Infinity, i;
    for (i = 0; i < city.n; i++) {
      w = Math.min(w, box[4 * i]);
      t = Math.min(t, box[4 * i + 1]);
      e = Math.max(e, box[4 * i + 2]);
      s = Math.max(s, box[4 * i + 3]);
    }
    var size = Math.max(Math.sqrt((e - w) * (s - t) / Math.max(1, city.n / 3)), (e - w) / 500, (s - t) / 500, 1e-9);
    var grid = city.grid = { left: w, top: t, right: e, bottom: s, size: size, columns: Math.floor((e - w) / size) + 1, rows: Math.floor((s - t) / size) + 1 };
    var count = new Int32Array(grid.columns * grid.rows + 1);
    function eachCell(act) {
      for (var line = 0; line < city.n; line++) {
        var span = cells(grid, box[4 * line], box[4 * line + 1], box[4 * line + 2], box[4 * line + 3]);
        for (var row = span[1]; row <= span[3]; row++) {
          for (var column = span[0]; column <= span[2]; column++) { act(row * grid.columns + column, line); }
        }
      }
    }
    eachCell(function (cell) { count[cell + 1]++; });
    for (i = 0; i + 1 < count.length; i++) { count[i + 1] += count[i]; }
    var filled = count.slice(), lines = new Int32Array(count[count.length - 1]);
    eachCell(function (cell, line) { lines[filled[cell]++] = line; });
    grid.start = count;
    grid.lines = lines;
    grid.stamp = new Int32Array(city.n);
    grid.turn = 0;
  }

  function cells(grid, w, t, e, s) {
    function inside(value, most) { return Math.max(0, Math.min(most, Math.floor(value / grid.size))); }
    return [inside(w - grid.left, grid.columns - 1), inside(t - grid.top, grid.rows - 1),
            inside(e - grid.left, grid.columns - 1), inside(s - grid.top, grid.rows - 1)];
  }

  /** Streets whose frames touch a box in world pixels. */
  fleetplan.streetsIn = function (box) {
    var city = fleetplan.city, grid = city.grid, found = [], turn = ++grid.turn, frames = city.box;
    var span = cells(grid, box[0], box[1], box[2], box[3]);
    for (var row = span[1]; row <= span[3]; row++) {
      for (var at = grid.start[row * grid.columns + span[0]]; at < grid.start[row * grid.columns + span[2] + 1]; at++) {
        var line = grid.lines[at], f = 4 * line;
        if (grid.stamp[line] === turn) { continue; }
        grid.stamp[line] = turn;
        if (frames[f] <= box[2] && frames[f + 2] >= box[0] && frames[f + 1] <= box[3] && frames[f + 3] >= box[1]) { found.push(line); }
      }
    }
    return found;
  };

  /* ---- drawing ---- */

  /** A path of streets; vertices closer than most of a pixel are passed over. */
  function tracing(lines, frame) {
    var xy = fleetplan.city.xy, start = fleetplan.city.start, scale = frame.scale, left = frame.left, top = frame.top;
    return function (context) {
      lines.forEach(function (line) {
        var end = 2 * start[line + 1] - 2, i = 2 * start[line], x = xy[i] * scale - left, y = xy[i + 1] * scale - top;
        context.moveTo(x, y);
        for (i += 2; i <= end; i += 2) {
          var nextX = xy[i] * scale - left, nextY = xy[i + 1] * scale - top;
          if (i < end && Math.abs(nextX - x) + Math.abs(nextY - y) < 0.7) { continue; }
          x = nextX;
          y = nextY;
          context.lineTo(x, y);
        }
      });
    };
  }

  /** Streets in lists by a key. */
  function sorted(lines, keyOf) {
    var lists = {};
    lines.forEach(function (line) {
      var key = keyOf(fleetplan.city.kinds[fleetplan.city.kind[line]]);
      if (key) { (lists[key] = lists[key] || []).push(line); }
    });
    return lists;
  }

  fleetplan.AccessTiles = fleetplan.Tiles.extend({
    initialize: function (options) {
      L.GridLayer.prototype.initialize.call(this, options);
      this._base = fleetplan.unpackBase(fleetplan.data.base);
    },

    paint: function (context, frame) {
      var lines = fleetplan.streetsIn(frame.box), classes = fleetplan.data.streets.classes, mode = fleetplan.view.mode;
      var byClass = sorted(lines, function (kind) { return classes[kind["class"]][1]; });
      var byPen = sorted(lines, function (kind) { return kind.pens[mode]; });
      var streets = this._base.map(function (entry) { return { kind: entry.kind, path: fleetplan.tracing(entry.lines, frame) }; });
      CLASSES.forEach(function (name) { if (byClass[name]) { streets.push({ kind: name, path: tracing(byClass[name], frame) }); } });
      fleetplan.drawStreets(context, frame.zoom, streets, true);
      ORDER.forEach(function (name) {
        if (!byPen[name]) { return; }
        context.beginPath();
        tracing(byPen[name], frame)(context);
        stroke(context, PENS[name], widthAt(PENS[name].width, frame.zoom));
        fleetplan.drawn[name] = (fleetplan.drawn[name] || 0) + byPen[name].length;
      });
    }
  });

  /** What lies over the tiles: the chosen street, corners, names. */
  fleetplan.drawOver = function (context, frame) {
    var view = fleetplan.view, city = fleetplan.city;
    context.lineCap = "round";
    context.lineJoin = "round";
    view.chosen.forEach(function (line) {
      var name = city.kinds[city.kind[line]].pens[view.mode], pen = name ? PENS[name] : { colour: "#ffffff", width: [2, 4, 7] };
      var width = widthAt(pen.width, frame.zoom);
      context.beginPath();
      tracing([line], frame)(context);
      fleetplan.stroke(context, "#1a1a1a", width + (line === view.at ? 10 : 6));
      fleetplan.stroke(context, "#ffffff", width + (line === view.at ? 6 : 3.4));
      stroke(context, pen, width);
    });
    var names = view.names && frame.zoom >= 15 ? drawNames(context, frame) : 0;
    fleetplan.over = { names: names, corners: 0, chosen: view.chosen.length };
    if (view.corners) {
      fleetplan.corners.forEach(function (corner) {
        if (frame.zoom < fleetplan.cornerZoom(corner)) { return; }
        var at = onScreen(frame, [corner.x, corner.y]);
        if (at[0] < frame.min.x || at[0] > frame.max.x || at[1] < frame.min.y || at[1] > frame.max.y) { return; }
        fleetplan.drawCorner(context, at[0], at[1], corner.hard, corner.turns[0].stuck);
        fleetplan.over.corners++;
      });
    }
  };

  function onScreen(frame, world) { return [world[0] * frame.scale - frame.left, world[1] * frame.scale - frame.top]; }

  /** The middle of a street in world pixels, and the direction of the line there as x and y. */
  fleetplan.middleOf = function (line) {
    var xy = fleetplan.city.xy, first = 2 * fleetplan.city.start[line], last = 2 * fleetplan.city.start[line + 1] - 2, whole = 0, i;
    function step(at) { return Math.hypot(xy[at + 2] - xy[at], xy[at + 3] - xy[at + 1]); }
    for (i = first; i < last; i += 2) { whole += step(i); }
    var left = whole / 2;
    for (i = first; i < last - 2 && step(i) < left; i += 2) { left -= step(i); }
    var share = last > first ? left / (step(i) || 1) : 0, dx = last > first ? xy[i + 2] - xy[i] : 0, dy = last > first ? xy[i + 3] - xy[i + 1] : 0;
    return [xy[i] + share * dx, xy[i + 1] + share * dy, dx, dy];
  };

  /** Names along the longest streets in sight, where they fit and meet no other. */
  function drawNames(context, frame) {
    var city = fleetplan.city, taken = [], widths = {}, places = {}, count = 0, perPixel = fleetplan.metresPerWorldPixel / frame.scale;
    fleetplan.nameFont(context, frame.zoom);
    fleetplan.streetsIn(frame.box).filter(function (line) {
      return city.length[line] > 35 * perPixel && fleetplan.nameOf(line);
    }).sort(function (a, b) { return city.length[b] - city.length[a] || a - b; }).forEach(function (line) {
      var name = city.name[line], text = fleetplan.nameOf(line);
      var half = (widths[name] = widths[name] || context.measureText(text).width) / 2;
      if (2 * half > 1.2 * city.length[line] / perPixel) { return; }
      var middle = fleetplan.middleOf(line), at = onScreen(frame, middle);
      if ((places[name] || []).some(function (other) { return Math.hypot(other[0] - at[0], other[1] - at[1]) < 320; })) { return; }
      if (!fleetplan.claim(taken, at, Math.min(60, half))) { return; }
      (places[name] = places[name] || []).push(at);
      var angle = Math.atan2(middle[3], middle[2]) * 180 / Math.PI;
      fleetplan.writeName(context, text, at, ((angle + 90) % 180 + 180) % 180 - 90);
      count++;
    });
    return count;
  }

  fleetplan.nameOf = function (line) { return fleetplan.data.streets.names[fleetplan.city.name[line]]; };

  /* ---- what lies under a click ---- */

  /** The closest street within `reach` pixels of a place, or -1. */
  fleetplan.streetAt = function (latlng, reach) {
    var scale = Math.pow(2, fleetplan.map.getZoom()), at = fleetplan.world(latlng.lat, latlng.lng), far = reach / scale;
    var city = fleetplan.city, found = -1;
    fleetplan.streetsIn([at[0] - far, at[1] - far, at[0] + far, at[1] + far]).forEach(function (line) {
      var away = fleetplan.distanceTo(city.xy.subarray(2 * city.start[line], 2 * city.start[line + 1]), { x: at[0], y: at[1] });
      if (away < far) { far = away; found = line; }
    });
    return found;
  };

  /** The corner whose sign lies within `reach` pixels of a place, or null. */
  fleetplan.cornerAt = function (latlng, reach) {
    var zoom = fleetplan.map.getZoom(), at = fleetplan.world(latlng.lat, latlng.lng), far = reach / Math.pow(2, zoom), found = null;
    if (!fleetplan.view.corners) { return found; }
    fleetplan.corners.forEach(function (corner) {
      var away = Math.hypot(corner.x - at[0], corner.y - at[1]);
      if (away < far && zoom >= fleetplan.cornerZoom(corner)) { far = away; found = corner; }
    });
    return found;
  };

  /** Latitude and longitude of a place in world pixels. */
  fleetplan.placeOf = function (x, y) {
    return [Math.atan(Math.sinh(Math.PI * (1 - y / 128))) * 180 / Math.PI, (x / 256 - 0.5) * 360];
  };

  /** Draws all of it anew. */
  fleetplan.redraw = function () {
    fleetplan.drawn = {};
    if (fleetplan.tiles) { fleetplan.tiles.redraw(); }
    fleetplan.redrawOver();
  };
  fleetplan.redrawOver = function () { if (fleetplan.overlay) { fleetplan.overlay.redraw(); } };

  /** Look at the whole city; while the page is on paper, at what was on screen before; after that, as before. */
  fleetplan.lookAt = function () {
    var box = fleetplan.data.bounds, view = fleetplan.view;
    if (view.back) { fleetplan.map.setView(view.back.center, view.back.zoom, { animate: false }); }
    else { fleetplan.map.fitBounds(view.paper || [[box[1], box[0]], [box[3], box[2]]], { padding: [4, 4], maxZoom: 18, animate: false }); }
  };

  fleetplan.startMap = function () {
    fleetplan.prepareCity();
    fleetplan.map._fadeAnimated = false;  // tiles are complete as they come; on paper a faded one would be missing
    fleetplan.furnish();
    fleetplan.lookAt(null);
    fleetplan.tiles = new fleetplan.AccessTiles({ minZoom: 3, maxZoom: 19, maxNativeZoom: 19 }).addTo(fleetplan.map);
    fleetplan.overlay = new fleetplan.Overlay({ draw: fleetplan.drawOver, ground: fleetplan.tiles }).addTo(fleetplan.map);
  };
})();
