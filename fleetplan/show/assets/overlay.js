"use strict";
/*
 * What every map of this package has: the page's data, folium's map with its furniture, a canvas over it.
 */
(function () {
  fleetplan.data = JSON.parse(document.getElementById("fleetplan-data").textContent);
  fleetplan.map = null;

  /* The map is folium's; it is caught as it is made. */
  L.Map.addInitHook(function () { fleetplan.map = this; });

  fleetplan.attribution = '<a href="https://www.openstreetmap.org/copyright" rel="noopener">\u00a9 OpenStreetMap contributors</a>';

  /** Attribution, zoom buttons and scale. */
  fleetplan.furnish = function () {
    var map = fleetplan.map;
    map.invalidateSize({ animate: false });
    map.attributionControl.setPrefix("");
    map.attributionControl.addAttribution(fleetplan.attribution);
    L.control.zoom({ position: "topleft" }).addTo(map);
    L.control.scale({ position: "bottomleft", imperial: false }).addTo(map);
  };

  /**
   * Gives the map its size on paper while the page is printed; `prepare` and `restore` are called before and after.
   * Canvases that come into the page during the event are missing on paper, so the overlay, which is there already,
   * draws the streets too.
   */
  fleetplan.onPaper = function (prepare, restore) {
    var holder = fleetplan.map.getContainer();
    function resize(width, height) {
      // The layout of the paper comes after the event, so the map takes its size on paper now.
      fleetplan.printing = Boolean(width);
      holder.style.width = width;
      holder.style.height = height;
      fleetplan.map.invalidateSize({ animate: false });
      fleetplan.lookAt(null);
      fleetplan.overlay.redraw();
    }
    window.addEventListener("beforeprint", function () {
      prepare();
      resize("180mm", "120mm");
    });
    window.addEventListener("afterprint", function () {
      restore();
      resize("", "");
    });
  };

  /**
   * A canvas that moves with the map; Leaflet's own renderer base keeps it in place while panning and zooming. The
   * option `ground` are the tiles below it. The option `draw` is called with its context and a frame: zoom, scale
   * (pixels of a world pixel), left and top (the map's origin), min and max (the canvas on screen) and box (the same
   * in world pixels).
   */
  fleetplan.Overlay = L.Renderer.extend({
    options: { padding: 0.25 },
    _initContainer: function () {
      this._container = document.createElement("canvas");
      this._container.setAttribute("aria-hidden", "true");
    },
    _destroyContainer: function () {
      L.DomUtil.remove(this._container);
      delete this._container;
    },
    _update: function () {
      if (this._map._animatingZoom && this._bounds) { return; }
      L.Renderer.prototype._update.call(this);
      var bounds = this._bounds, size = bounds.getSize(), sharp = window.devicePixelRatio > 1 ? 2 : 1;
      L.DomUtil.setPosition(this._container, bounds.min);
      this._container.width = size.x * sharp;
      this._container.height = size.y * sharp;
      this._container.style.width = size.x + "px";
      this._container.style.height = size.y + "px";
      var context = this._container.getContext("2d"), origin = this._map.getPixelOrigin();
      var zoom = this._map.getZoom(), scale = Math.pow(2, zoom);
      context.setTransform(sharp, 0, 0, sharp, -bounds.min.x * sharp, -bounds.min.y * sharp);
      var frame = {
        zoom: zoom, scale: scale, left: origin.x, top: origin.y, min: bounds.min, max: bounds.max,
        box: [(bounds.min.x + origin.x - 30) / scale, (bounds.min.y + origin.y - 30) / scale,
              (bounds.max.x + origin.x + 30) / scale, (bounds.max.y + origin.y + 30) / scale]
      };
      if (fleetplan.printing && this._map.hasLayer(this.options.ground)) { this.options.ground.paint(context, frame); }
      this.options.draw(context, frame);
    },
    redraw: function () { this._update(); }
  });

  /** Distance in pixels from a point to a line of x, y pairs. */
  fleetplan.distanceTo = function (xy, point) {
    var best = Infinity;
    for (var i = 2; i < xy.length; i += 2) {
      var dx = xy[i] - xy[i - 2], dy = xy[i + 1] - xy[i - 1], length = dx * dx + dy * dy;
      var share = length ? Math.max(0, Math.min(1, ((point.x - xy[i - 2]) * dx + (point.y - xy[i - 1]) * dy) / length)) : 0;
      best = Math.min(best, Math.hypot(point.x - xy[i - 2] - share * dx, point.y - xy[i - 1] - share * dy));
    }
    return best;
  };
})();
