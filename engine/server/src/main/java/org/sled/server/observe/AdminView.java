package org.sled.server.observe;

/** What the admin pages show; asked by their event loop. */
public interface AdminView {
  /**
   * Metrics, or null as long as there are none.
   *
   * @param openMetrics whether in the format of OpenMetrics; else in that of Prometheus
   */
  String metrics(boolean openMetrics);

  /** Why the daemon should be restarted, one line; null if it works. */
  String unhealthy();

  /** Why no client should be sent here, one line; null if they may come. */
  String unready();

  /** The view of a daemon whose target is not there yet. */
  static AdminView loading() {
    return new AdminView() {
      private static final String LOADING = "the model is being loaded";

      @Override
      public String metrics(boolean openMetrics) {
        return null;
      }

      @Override
      public String unhealthy() {
        return LOADING;
      }

      @Override
      public String unready() {
        return LOADING;
      }
    };
  }
}
