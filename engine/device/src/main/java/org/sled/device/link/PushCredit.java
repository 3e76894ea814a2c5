package org.sled.device.link;

/**
 * How far the server may be ahead of its device while it generates alone: so far that it does not
 * wait for credit, which is filled up when half of it is used. What is left can be taken back.
 * Belongs to the draft thread; allocates only when created.
 */
public final class PushCredit {
  /**
   * Tokens that the server may be ahead: enough to cover a round trip of half a second at 100
   * tokens/s, few enough that a cancel wastes little.
   */
  static final int MOST = 64;

  private int outstanding;
  private int last;
  private boolean isAskedBack;
  private boolean isTakenBack;
  private long newestNanos; // when its newest tokens came; 0: none yet

  /** A push is about to begin. */
  public void begin() {
    outstanding = 0;
    isAskedBack = false;
    isTakenBack = false;
    newestNanos = 0;
  }

  /** Tokens that may still come. */
  public int outstanding() {
    return outstanding;
  }

  /**
   * Whether half of it is used up: time to send more, before the server has to wait for it.
   *
   * @param left tokens that are wanted
   */
  public boolean isDue(int left) {
    return !isAskedBack && outstanding <= MOST / 2 && outstanding < left;
  }

  /** Fills it up; returns what is to be sent. */
  public int fill(int left) {
    last = Math.min(MOST, left) - outstanding;
    outstanding += last;
    return last;
  }

  /** The server did not take the newest one. */
  public void refused() {
    outstanding = Math.max(0, outstanding - last);
  }

  /** The server is asked to go on no longer; tokens may be on their way. */
  public void askBack() {
    isAskedBack = true;
  }

  /** Whether it was. */
  public boolean isAskedBack() {
    return isAskedBack;
  }

  /** It says that it does not; no token will come. */
  public void takenBack() {
    isTakenBack = true;
    outstanding = 0;
  }

  /** Whether it said so. */
  public boolean isTakenBack() {
    return isTakenBack;
  }

  /**
   * Tokens came.
   *
   * @param nowNanos when
   * @return time since those before them, ns; -1 if they are the first
   */
  public long came(int count, long nowNanos) {
    outstanding -= count;
    long nanos = newestNanos == 0 ? -1 : nowNanos - newestNanos;
    newestNanos = nowNanos;
    return nanos;
  }
}
