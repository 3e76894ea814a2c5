package org.sled.jni;

/** How the system schedules the calling thread. */
public final class NativeThread {
  private NativeThread() {}

  /**
   * Lets the calling thread give way: from now on it runs when nobody else on this machine wants
   * to. For drafting beside a server. Cannot be undone, so use it on threads of your own.
   *
   * @throws SledException UNSUPPORTED when the system refuses
   */
  public static void giveWay() {
    SledLibrary.load();
    NativeCall.check(SledNative.sled_thread_give_way(), "let a thread give way");
  }
}
