"use strict";
/*
 * The city's streets as a Leaflet layer without tiles from anywhere: packed lines, decoded once, drawn on canvas
 * tiles in the page. Lines are kept in "world pixels" of zoom 0 (Web Mercator, 256 px for the whole world), so
 * that drawing at zoom z is one multiplication by 2^z.
 */
var fleetplan = {};

(function () {
  /** Whole numbers of a packed text (five bits a letter, zigzag signs), or the sums of its differences. */
  fleetplan.numbers = function (text, differences) {
    var numbers = [], rest = 0, unit = 1, last = 0;
    for (var i = 0; i < text.length; i++) {
      var value = text.charCodeAt(i) - 63;
      // No shifting of bits: identifiers of ways and their doubles are larger than 31 bits.
      rest += (value & 31) * unit;
      unit *= 32;
      if (value < 32) {
        var number = rest % 2 ? -(rest + 1) / 2 : rest / 2;
        last = differences ? last + number : number;
        numbers.push(last);
        rest = 0;
        unit = 1;
      }
    }
    return numbers;
  };

  /** World pixels at zoom 0 of a place. */
  fleetplan.world = function (lat, lon) {
    var sine = Math.sin(Math.max(-85.0511, Math.min(85.0511, lat)) * Math.PI / 180);
    return [(lon / 360 + 0.5) * 256, (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * 256];
  };

  /** Lines of a packed text in one array: xy holds x, y pairs in world pixels, line i is pairs start[i] to start[i + 1]. */
  fleetplan.unpackFlat = function (text) {
    var numbers = fleetplan.numbers(text), start = [0], xy = [], at = 0, lat = 0, lon = 0;
    while (at < numbers.length) {
      for (var left = numbers[at++]; left > 0; left--) {
        lat += numbers[at++];
        lon += numbers[at++];
        var place = fleetplan.world(lat / 1e5, lon / 1e5);
        xy.push(place[0], place[1]);
      }
      start.push(xy.length / 2);
    }
    return { xy: Float64Array.from(xy), start: Int32Array.from(start) };
  };

  /**
   * Lines of a packed text. Each is {xy: Float64Array of x, y pairs in world pixels, box: [w, n, e, s]};
   * a line without vertices has an empty xy.
   */
  fleetplan.unpack = function (text) {
    var flat = fleetplan.unpackFlat(text), lines = [];
    for (var i = 0; i + 1 < flat.start.length; i++) {
      var xy = flat.xy.subarray(2 * flat.start[i], 2 * flat.start[i + 1]), box = [Infinity, Infinity, -Infinity, -Infinity];
      for (var j = 0; j < xy.length; j += 2) {
        box = [Math.min(box[0], xy[j]), Math.min(box[1], xy[j + 1]), Math.max(box[2], xy[j]), Math.max(box[3], xy[j + 1])];
      }
      lines.push({ xy: xy, box: box });
    }
    return lines;
  };

  /** Class of street: [colour, casing or null, width in px at zoom 14, 16 and 18, first zoom, dash]. */
  var STYLES = {
    path: ["#cdbfae", null, [0.5, 0.9, 1.6], 15, [4, 3]],
    pedestrian: ["#e9e4dc", "#cfc8bd", [1.0, 3.0, 9.0], 14, null],
    track: ["#c9b99a", null, [0.6, 1.0, 2.0], 14, [6, 3]],
    service: ["#ffffff", "#d3d0ca", [0.8, 2.2, 6.0], 14, null],
    local: ["#ffffff", "#c2beb7", [1.6, 4.2, 12.0], 12, null],
    tertiary: ["#ffffff", "#b5b0a7", [2.4, 5.6, 15.0], 10, null],
    secondary: ["#fdf6d8", "#b3a877", [3.0, 6.8, 17.0], 9, null],
    primary: ["#fbe7b9", "#b89a5c", [3.4, 7.6, 18.0], 7, null],
    motorway: ["#f5cfa8", "#b4844f", [3.8, 8.4, 19.0], 5, null]
  };

  /** Width in pixels at a zoom level, between and beyond the three that STYLES gives. */
  function widthAt(widths, zoom) {
    var low = zoom < 16 ? 0 : 1, share = (zoom - (low ? 16 : 14)) / 2;
    return Math.max(0.3, widths[low] * Math.pow(widths[low + 1] / widths[low], share));
  }

  /**
   * Draws streets in the order given: {kind: class of street, path: function} each; path traces its lines on the
   * context and is called once for the casing and once for the street. A muted drawing has white streets only.
   */
  fleetplan.drawStreets = function (context, zoom, entries, muted) {
    var seen = entries.filter(function (entry) { return zoom >= STYLES[entry.kind][3]; });
    for (var pass = 0; pass < 2; pass++) {
      seen.forEach(function (entry) {
        var style = STYLES[entry.kind], width = widthAt(style[2], zoom);
        var fill = muted && style[1] ? "#ffffff" : style[0], casing = muted && style[1] ? "#c9c4bb" : style[1];
        if (pass === 0 && (!casing || width < 1.2)) { return; }
        context.beginPath();
        entry.path(context);
        context.setLineDash(style[4] || []);
        // Where a street is too thin for a casing, the casing's darker colour keeps it visible.
        context.strokeStyle = pass === 0 || (casing && width < 1.2) ? casing : fill;
        context.lineWidth = pass === 0 ? width + 1.6 : width;
        context.stroke();
      });
    }
    context.setLineDash([]);
  };

  /** A path of the lines that touch a frame {scale, left, top, box}. */
  fleetplan.tracing = function (lines, frame) {
    return function (context) {
      var box = frame.box, scale = frame.scale, left = frame.left, top = frame.top;
      lines.forEach(function (line) {
        if (line.box[0] > box[2] || line.box[2] < box[0] || line.box[1] > box[3] || line.box[3] < box[1]) { return; }
        var xy = line.xy;
        context.moveTo(xy[0] * scale - left, xy[1] * scale - top);
        for (var i = 2; i < xy.length; i += 2) { context.lineTo(xy[i] * scale - left, xy[i + 1] * scale - top); }
      });
    };
  };

  /** Canvas tiles that draw themselves: `paint(context, frame)` with {zoom, scale, left, top, box in world pixels}. */
  fleetplan.Tiles = L.GridLayer.extend({
    createTile: function (coords) {
      var tile = L.DomUtil.create("canvas", "leaflet-tile"), size = this.getTileSize(), pad = 24;
      var sharp = window.devicePixelRatio > 1 ? 2 : 1, context = tile.getContext("2d");
      var scale = Math.pow(2, coords.z), left = coords.x * size.x, top = coords.y * size.y;
      tile.width = size.x * sharp;
      tile.height = size.y * sharp;
      context.scale(sharp, sharp);
      context.fillStyle = "#f3f1ec";
      context.fillRect(0, 0, size.x, size.y);
      context.lineCap = "round";
      context.lineJoin = "round";
      this.paint(context, {
        zoom: coords.z, scale: scale, left: left, top: top,
        box: [(left - pad) / scale, (top - pad) / scale, (left + size.x + pad) / scale, (top + size.y + pad) / scale]
      });
      return tile;
    }
  });

  /** Classes of a packed base, unpacked. */
  fleetplan.unpackBase = function (base) {
    return base.map(function (entry) { return { kind: entry["class"], lines: fleetplan.unpack(entry.lines) }; });
  };

  /** The base layer; give it the data's "base" list as option. */
  fleetplan.BaseMap = fleetplan.Tiles.extend({
    initialize: function (options) {
      L.GridLayer.prototype.initialize.call(this, options);
      this._classes = fleetplan.unpackBase(this.options.base);
    },

    paint: function (context, frame) {
      fleetplan.drawStreets(context, frame.zoom, this._classes.map(function (entry) {
        return { kind: entry.kind, path: fleetplan.tracing(entry.lines, frame) };
      }));
    }
  });
})();
