"use strict";
/*
 * The pens of the map: lines, arrows, badges and signs on a canvas. Map and legend draw with the same ones.
 */
(function () {
  var INK = "#1a1a1a", HALO = "rgba(255,255,255,0.92)";
  var CLOSED = "#b0003a", SQUEEZED = "#a86a00", SQUEEZED_FAR = "#cf9a3f", BY_LAW = "#6b6b6b";
  var SHAPES = ["circle", "square", "diamond", "triangle", "hexagon"];

  /** The shape that stands for a vehicle type. */
  fleetplan.shapeOf = function (type) { return SHAPES[type % SHAPES.length]; };

  /** Black or white, whichever stands out more on a colour (WCAG relative luminance). */
  function inkOn(colour) {
    var light = [1, 3, 5].map(function (at) {
      var part = parseInt(colour.substr(at, 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4);
    });
    var luminance = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
    return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? "#ffffff" : "#111111";
  }

  function trace(context, xy) {
    context.beginPath();
    for (var i = 0; i < xy.length; i += 2) {
      if (i) { context.lineTo(xy[i], xy[i + 1]); } else { context.moveTo(xy[0], xy[1]); }
    }
  }

  function stroke(context, colour, width, dash) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash || []);
    context.stroke();
  }

  /** A route's line: white edge, colour, and by vehicle type nothing, a white centre, or dashes. */
  fleetplan.drawLine = function (context, xy, colour, type, width) {
    width = width || 4;
    trace(context, xy);
    stroke(context, HALO, width + 2.4);
    stroke(context, colour, width, type % 5 === 2 ? [9, 4] : type % 5 === 3 ? [3, 4] : null);
    if (type % 5 === 1) { stroke(context, "#ffffff", 0.3 * width, [7, 6]); }
    if (type % 5 === 4) { stroke(context, "#ffffff", 0.3 * width); }
    context.setLineDash([]);
  };

  /** Arrow heads along a line, at least `gap` pixels apart and away from those already in `taken`. */
  function drawArrows(context, xy, colour, size, gap, taken) {
    var way = gap / 2, count = 0;
    for (var i = 2; i < xy.length; i += 2) {
      var dx = xy[i] - xy[i - 2], dy = xy[i + 1] - xy[i - 1], length = Math.hypot(dx, dy);
      // Short pieces are curves and corners, where an arrow would point nowhere in particular.
      while (way <= length) {
        var at = [xy[i - 2] + dx * way / length, xy[i - 1] + dy * way / length];
        if (length < 10 || !claim(taken, at, 0.5 * gap)) { way += 12; continue; }
        context.save();
        context.translate(at[0], at[1]);
        context.rotate(Math.atan2(dy, dx));
        context.scale(size, size);
        context.beginPath();
        context.moveTo(7, 0);
        context.lineTo(-4.5, -5.5);
        context.lineTo(-2, 0);
        context.lineTo(-4.5, 5.5);
        context.closePath();
        stroke(context, "#ffffff", 2.5);
        context.fillStyle = colour;
        context.fill();
        context.restore();
        way += gap;
        count++;
      }
      way -= length;
    }
    return count;
  }

  /** Marks a place as taken unless something lies within `reach` pixels already. */
  function claim(taken, at, reach) {
    for (var x = -1; x <= 1; x++) {
      for (var y = -1; y <= 1; y++) {
        var others = taken[(Math.floor(at[0] / 64) + x) + ":" + (Math.floor(at[1] / 64) + y)] || [];
        if (others.some(function (other) { return Math.hypot(other[0] - at[0], other[1] - at[1]) < reach; })) { return false; }
      }
    }
    var key = Math.floor(at[0] / 64) + ":" + Math.floor(at[1] / 64);
    (taken[key] = taken[key] || []).push(at);
    return true;
  }

  /** The outline of a vehicle type's sign. */
  function outline(context, shape, x, y, half, wide) {
    context.beginPath();
    if (shape === "circle") {
      if (context.roundRect) { context.roundRect(x - wide, y - half, 2 * wide, 2 * half, half); } else { context.arc(x, y, wide, 0, 7); }
    } else if (shape === "square") {
      context.rect(x - wide, y - half, 2 * wide, 2 * half);
    } else {
      var points = {
        diamond: [[0, -1.35], [1.35, 0], [0, 1.35], [-1.35, 0]],
        triangle: [[0, -1.45], [1.4, 0.95], [-1.4, 0.95]],
        hexagon: [[-1.25, 0], [-0.65, -1.1], [0.65, -1.1], [1.25, 0], [0.65, 1.1], [-0.65, 1.1]]
      }[shape];
      points.forEach(function (p, i) {
        context[i ? "lineTo" : "moveTo"](x + p[0] * wide, y + p[1] * half);
      });
      context.closePath();
    }
  }

  /** A stop's badge with its number, or without a label a small sign. */
  fleetplan.drawBadge = function (context, x, y, shape, colour, label) {
    var half = label ? 9 : 4.5, wide = label ? Math.max(9, 4 + 3.6 * label.length) : 4.5;
    outline(context, shape, x, y, half, wide);
    stroke(context, "#ffffff", label ? 4 : 3);
    context.fillStyle = colour;
    context.fill();
    stroke(context, INK, 0.8);
    if (label) {
      context.fillStyle = inkOn(colour);
      context.font = "bold 11.5px system-ui, sans-serif";
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(label, x, y + 0.5);
    }
  };

  fleetplan.drawDepot = function (context, x, y) {
    context.beginPath();
    [[-10, 9], [-10, -2], [0, -11], [10, -2], [10, 9]].forEach(function (p, i) {
      context[i ? "lineTo" : "moveTo"](x + p[0], y + p[1]);
    });
    context.closePath();
    stroke(context, "#ffffff", 4);
    context.fillStyle = INK;
    context.fill();
    context.fillStyle = "#ffffff";
    context.fillRect(x - 4, y - 1, 8, 10);
  };

  fleetplan.drawUnserved = function (context, x, y) {
    context.beginPath();
    context.arc(x, y, 8, 0, 7);
    stroke(context, "#ffffff", 4);
    context.fillStyle = "#ffffff";
    context.fill();
    stroke(context, INK, 1.6);
    context.beginPath();
    [[-4, -4, 4, 4], [-4, 4, 4, -4]].forEach(function (p) {
      context.moveTo(x + p[0], y + p[1]);
      context.lineTo(x + p[2], y + p[3]);
    });
    stroke(context, CLOSED, 2.4);
  };

  /** A street that is squeezed (1), closed for want of room (2) or by law (3); lighter where it is seen from `far`. */
  fleetplan.drawNarrow = function (context, xy, band, far) {
    trace(context, xy);
    if (band === 2) {
      stroke(context, CLOSED, far ? 3 : 4.5);
      stroke(context, "#ffffff", far ? 1.1 : 1.8, [3, 5]);
    } else if (band === 1) {
      stroke(context, far ? SQUEEZED_FAR : SQUEEZED, far ? 1.3 : 2, far ? [4, 3] : [6, 4]);
    } else {
      stroke(context, BY_LAW, far ? 1.2 : 1.8, far ? [1, 3.5] : [1.5, 4]);
    }
    context.setLineDash([]);
  };

  /** The font of street names at a zoom level, with text centred on its place. */
  fleetplan.nameFont = function (context, zoom) {
    context.font = (zoom < 17 ? 11 : 12.5) + "px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
  };

  /** A street's name at a place on screen, turned clockwise by an angle in degrees. */
  fleetplan.writeName = function (context, text, place, angle) {
    context.save();
    context.translate(place[0], place[1]);
    context.rotate(angle * Math.PI / 180);
    context.lineWidth = 3;
    context.strokeStyle = HALO;
    context.strokeText(text, 0, 0);
    context.fillStyle = "#4a463f";
    context.fillText(text, 0, 0);
    context.restore();
  };

  fleetplan.trace = trace;
  fleetplan.stroke = stroke;
  fleetplan.drawArrows = drawArrows;
  fleetplan.claim = claim;
})();
