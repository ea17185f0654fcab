"use strict";
/*
 * The city's streets as a Leaflet layer without tiles from anywhere: packed lines, decoded once, drawn on canvas
 * tiles in the page. Lines are kept in "world pixels" of zoom 0 (Web Mercator, 256 px for the whole world), so
 * that drawing at zoom z is one multiplication by 2^z.
 */
var fleetplan = {};

(function () {
  /** Whole numbers of an encoded polyline text (five bits a letter, zigzag signs). */
  function decodeNumbers(text) {
    var numbers = [], rest = 0, shift = 0;
    for (var i = 0; i < text.length; i++) {
      var value = text.charCodeAt(i) - 63;
      rest |= (value & 31) << shift;
      shift += 5;
      if (value < 32) {
        numbers.push(rest & 1 ? ~(rest >> 1) : rest >> 1);
        rest = shift = 0;
      }
    }
    return numbers;
  }

  /** World pixels at zoom 0 of a place. */
  fleetplan.world = function (lat, lon) {
    var sine = Math.sin(Math.max(-85.0511, Math.min(85.0511, lat)) * Math.PI / 180);
    return [(lon / 360 + 0.5) * 256, (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * 256];
  };

  /**
   * Lines of a packed text. Each is {xy: Float64Array of x, y pairs in world pixels, box: [w, n, e, s]};
   * a line without vertices has an empty xy.
   */
  fleetplan.unpack = function (text) {
    var numbers = decodeNumbers(text), lines = [], at = 0, lat = 0, lon = 0;
    while (at < numbers.length) {
      var count = numbers[at++], xy = new Float64Array(2 * count);
      var box = [Infinity, Infinity, -Infinity, -Infinity];
      for (var i = 0; i < count; i++) {
        lat += numbers[at++];
        lon += numbers[at++];
        var place = fleetplan.world(lat / 1e5, lon / 1e5);
        xy[2 * i] = place[0];
        xy[2 * i + 1] = place[1];
        box = [Math.min(box[0], place[0]), Math.min(box[1], place[1]),
               Math.max(box[2], place[0]), Math.max(box[3], place[1])];
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

  /** The base layer; give it the data's "base" list as option. */
  fleetplan.BaseMap = L.GridLayer.extend({
    initialize: function (options) {
      L.GridLayer.prototype.initialize.call(this, options);
      this._classes = this.options.base.map(function (entry) {
        return { style: STYLES[entry["class"]], lines: fleetplan.unpack(entry.lines) };
      });
    },

    createTile: function (coords) {
      var tile = L.DomUtil.create("canvas", "leaflet-tile"), size = this.getTileSize();
      var sharp = window.devicePixelRatio > 1 ? 2 : 1, context = tile.getContext("2d");
      tile.width = size.x * sharp;
      tile.height = size.y * sharp;
      context.scale(sharp, sharp);
      context.fillStyle = "#f3f1ec";
      context.fillRect(0, 0, size.x, size.y);
      context.lineCap = "round";
      context.lineJoin = "round";
      this._draw(context, coords, size);
      return tile;
    },

    _draw: function (context, coords, size) {
      var scale = Math.pow(2, coords.z), left = coords.x * size.x, top = coords.y * size.y, pad = 24;
      var box = [(left - pad) / scale, (top - pad) / scale,
                 (left + size.x + pad) / scale, (top + size.y + pad) / scale];
      var seen = this._classes.filter(function (entry) { return coords.z >= entry.style[3]; });
      for (var pass = 0; pass < 2; pass++) {
        seen.forEach(function (entry) {
          var style = entry.style, width = widthAt(style[2], coords.z);
          if (pass === 0 && (!style[1] || width < 1.2)) { return; }
          context.beginPath();
          entry.lines.forEach(function (line) {
            if (line.box[0] > box[2] || line.box[2] < box[0] || line.box[1] > box[3] || line.box[3] < box[1]) { return; }
            var xy = line.xy;
            context.moveTo(xy[0] * scale - left, xy[1] * scale - top);
            for (var i = 2; i < xy.length; i += 2) { context.lineTo(xy[i] * scale - left, xy[i + 1] * scale - top); }
          });
          context.setLineDash(style[4] || []);
          // Where a street is too thin for a casing, the casing's darker colour keeps it visible.
          context.strokeStyle = pass === 0 ? style[1] : (style[1] && width < 1.2 ? style[1] : style[0]);
          context.lineWidth = pass === 0 ? width + 1.6 : width;
          context.stroke();
        });
      }
    }
  });
})();
