package org.sled.cli.hub;

import java.io.IOException;
import java.time.Duration;
import java.util.Locale;

/** When to try again after a failure, and when to give up. Of one request at a time; one thread. */
final class Pauses {
  private final Patience patience;
  private final PullListener listener;
  private final String what;
  private final int attempts;
  private int failures;

  /**
   * None so far.
   *
   * @param what is asked for, for people
   * @param attempts in a row that may fail
   */
  Pauses(Patience patience, PullListener listener, String what, int attempts) {
    this.patience = patience;
    this.listener = listener;
    this.what = what;
    this.attempts = attempts;
  }

  /** The last attempt went well enough for all to begin anew. */
  void reset() {
    failures = 0;
  }

  /**
   * Waits after a failure.
   *
   * @throws HubException if it was one too many
   */
  void after(IOException failure) throws InterruptedException {
    failures++;
    Duration asked = failure instanceof HubHttp.BusyException busy ? busy.retryAfter() : null;
    if (asked != null && asked.compareTo(patience.retryAfter()) > 0) {
      throw new HubException(
          HubException.Kind.UNREACHABLE,
          what
              + " cannot be fetched now: the hub asks to wait "
              + asked.toSeconds()
              + " s; try again then, HF_TOKEN often helps");
    }
    if (failures >= attempts) {
      throw new HubException(
          HubException.Kind.UNREACHABLE,
          what
              + " cannot be fetched: "
              + HubHttp.reason(failure)
              + (attempts > 1 ? ", " + attempts + " times in a row" : "")
              + "; check the network, HTTPS_PROXY and HF_ENDPOINT",
          failure);
    }
    Duration pause = patience.pause(failures);
    if (asked != null && asked.compareTo(pause) > 0) {
      pause = asked;
    }
    listener.note(
        String.format(
            Locale.ROOT,
            "%s: %s; trying again in %.1f s",
            what,
            HubHttp.reason(failure),
            pause.toMillis() / 1e3));
    Thread.sleep(pause.toMillis());
  }
}
