package org.sled.server.verify;

import java.util.IdentityHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Prompts whose session was closed before it had its first token, by connection: what was computed
 * of them delayed others for nobody's use. A user who changes his mind is nothing; a connection on
 * which that goes on and on opens no more sessions for a while. Verifier thread only; allocates
 * only when a prompt is abandoned.
 */
public final class AbandonedPrompts {
  /** So many at once are forgiven, */
  public static final int MOST = 16;

  /** one more after so long. */
  static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(4);

  private final IdentityHashMap<Object, Account> accounts = new IdentityHashMap<>();

  private static final class Account {
    int abandoned;
    long sinceNanos; // since when the oldest of them is to be forgiven
  }

  /** One more of this connection's. */
  void abandoned(Object connection, long nowNanos) {
    Account account = accounts.get(connection);
    if (account == null) {
      account = new Account();
      account.sinceNanos = nowNanos;
      accounts.put(connection, account);
    }
    account.abandoned++;
  }

  /**
   * For how long the connection opens no more sessions.
   *
   * @return ms; 0 if it may
   */
  int waitMillis(Object connection, long nowNanos) {
    Account account = accounts.get(connection);
    if (account == null) {
      return 0;
    }
    int forgiven =
        (int) Math.min(account.abandoned, (nowNanos - account.sinceNanos) / PERIOD_NANOS);
    account.abandoned -= forgiven;
    account.sinceNanos += forgiven * PERIOD_NANOS;
    if (account.abandoned == 0) {
      accounts.remove(connection);
    }
    if (account.abandoned < MOST) {
      return 0;
    }
    long nanos = account.sinceNanos + PERIOD_NANOS - nowNanos;
    return (int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos));
  }

  /** The connection is gone. */
  void gone(Object connection) {
    accounts.remove(connection);
  }
}
